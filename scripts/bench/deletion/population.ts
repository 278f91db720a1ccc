import pg from "pg";

/** What belongs to the user whose account is deleted. */
export interface Extent {
  rows: number;
  objects: number;
}

export const extents: Readonly<Record<"full" | "quick", Extent>> = {
  full: { rows: 1_000_000, objects: 10_000 },
  quick: { rows: 100_000, objects: 1_000 },
};

export const BYSTANDERS = 5_000;
export const PASSWORD = "correct horse battery";
/** The user whose account is deleted. */
export const ADA = "00000000-0000-7000-8000-000000000001";

/**
 * A user with projects of her own that others are members of, who works in projects of others too; and other users. The
 * rows are inserted without the checks of foreign keys, which would take minutes.
 */
export const insertPopulation = async (url: string, extent: Extent, passwordHash: string): Promise<void> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query("SET session_replication_role = replica");
    await client.query("SELECT set_config('bench.hash', $1, false)", [passwordHash]);
    for (const statement of statements(extent)) await client.query(statement);
    await client.query("VACUUM ANALYZE");
    await client.query("CHECKPOINT");
  } finally {
    await client.end();
  }
};

const statements = ({ rows, objects }: Extent): string[] => [
  ...people(rows),
  ...projects,
  ...tasksOf("owned", rows * 0.15),
  // Only her own projects have tasks so far.
  `INSERT INTO "TaskChange" (id, "projectId", "taskId", state)
   SELECT uuidv7(), t."projectId", t.id, (ARRAY['TODO', 'DONE'])[c]::"TaskState"
     FROM "Task" t, generate_series(1, 2) c`,
  commentsOn("owned", "1 + (t.n % 3 = 0)::int"),
  ...tasksOf("shared", rows * 0.08),
  commentsOn("shared", "2 + (t.n % 2 = 0)::int"),
  ...tasksOf("foreign", 10_000),
  commentsOn("foreign", "3"),
  ...notifications(rows),
  ...files(objects),
  jobs,
];

/** A table of the other users, by number. */
const others = `(SELECT id, row_number() OVER (ORDER BY id) - 1 AS at FROM "User" WHERE id <> '${ADA}') o`;

const people = (rows: number) => [
  `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt")
   SELECT uuidv7(), n || '@example.com', 'User ' || n, current_setting('bench.hash'), now()
     FROM generate_series(1, ${BYSTANDERS}) n`,
  `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt")
   VALUES ('${ADA}', 'ada@example.com', 'Ada', current_setting('bench.hash'), now())`,
  `INSERT INTO "Session" (id, "userId", "tokenHash", device, "expiresAt")
   SELECT uuidv7(), '${ADA}', sha256(n::text::bytea), 'Firefox on Linux', now() + interval '1 day'
     FROM generate_series(1, 50) n`,
  `INSERT INTO "Device" ("userId", "tokenHash")
   SELECT '${ADA}', sha256(n::text::bytea) FROM generate_series(1, 50) n`,
  `INSERT INTO "PushDevice" (id, "userId", token, platform)
   SELECT uuidv7(), '${ADA}', 'token ' || n, 'ANDROID' FROM generate_series(1, 5) n`,
  `INSERT INTO "IdempotencyKey" (id, fingerprint, answer, "userId")
   SELECT sha256(n::text::bytea), sha256('-'), '{"status": 201, "body": {}}', '${ADA}'
     FROM generate_series(1, ${rows / 200}) n`,
];

/** Projects of the user, projects of others that she is a member of, and projects that she has no part in. */
const projects = [
  `INSERT INTO "Project" (id, name)
   SELECT uuidv7(), kind FROM unnest(ARRAY['owned', 'shared', 'foreign']) kind, generate_series(1, 20)`,
  `INSERT INTO "ProjectMember" ("projectId", "userId", role)
   SELECT p.id, '${ADA}', (CASE name WHEN 'owned' THEN 'OWNER' ELSE 'MEMBER' END)::"MemberRole"
     FROM "Project" p WHERE name <> 'foreign'`,
  `INSERT INTO "ProjectMember" ("projectId", "userId", role)
   SELECT p.id, o.id, (CASE WHEN p.name <> 'owned' AND o.at = 0 THEN 'OWNER' ELSE 'MEMBER' END)::"MemberRole"
     FROM "Project" p JOIN ${others} ON o.at < 10`,
  `INSERT INTO "Sprint" (id, "projectId", name, "startsOn", "endsOn")
   SELECT uuidv7(), p.id, 'Sprint ' || n, DATE '2026-01-01' + 14 * n, DATE '2026-01-14' + 14 * n
     FROM "Project" p, generate_series(1, 10) n`,
  `INSERT INTO "Invitation" (id, "projectId", email, role, "invitedById", "tokenHash", "expiresAt")
   SELECT uuidv7(), p.id, n || '@elsewhere.example', 'MEMBER', '${ADA}', sha256((p.id || ' ' || n)::bytea),
          now() + interval '1 day'
     FROM "Project" p, generate_series(1, 10) n WHERE name <> 'foreign'`,
];

/** Half of them created by the user, and half of those and of the others assigned to her; not in foreign projects. */
const tasksOf = (kind: string, count: number) => {
  const ada = (share: string) =>
    kind === "foreign" ? "NULL::uuid" : `CASE WHEN ${share} THEN '${ADA}'::uuid END`;
  return [
    `INSERT INTO "Task" (id, "projectId", title, description, state, "sprintId", "assigneeId", "creatorId")
     SELECT uuidv7(), p.id, 'Task ' || n, repeat('What is to be done. ', 5), (ARRAY['TODO', 'DOING'])[1 + n % 2]::"TaskState",
            s.id, coalesce(${ada("n / 20 % 4 < 2")}, o.id), coalesce(${ada("n / 20 % 2 = 0")}, o.id)
       FROM generate_series(1, ${count}) n
       JOIN (SELECT id, row_number() OVER () - 1 AS at FROM "Project" WHERE name = '${kind}') p ON p.at = n % 20
       JOIN (SELECT id, "projectId", row_number() OVER (PARTITION BY "projectId") - 1 AS at FROM "Sprint") s
         ON s."projectId" = p.id AND s.at = n / 20 % 10
       JOIN ${others} ON o.at = n % 10`,
  ];
};

/** In projects of others, and half of them in projects of her own, they are the user's. */
const commentsOn = (kind: string, perTask: string) =>
  `INSERT INTO "Comment" (id, "taskId", "authorId", body)
   SELECT uuidv7(), t.id, CASE WHEN '${kind}' = 'shared' OR '${kind}' = 'owned' AND t.n % 2 = 0 THEN '${ADA}'::uuid ELSE o.id END,
          repeat('A comment. ', 8)
     FROM (SELECT t.id, row_number() OVER () AS n FROM "Task" t JOIN "Project" p ON p.id = t."projectId" AND p.name = '${kind}') t
     JOIN ${others} ON o.at = t.n % 10
    CROSS JOIN generate_series(1, ${perTask})`;

/** The user's, and those of others about what she did. */
const notifications = (rows: number) => [
  `INSERT INTO "Notification" (id, "userId", sequence, kind, "recordId")
   SELECT uuidv7(), '${ADA}', n, 'task-assigned', uuidv7() FROM generate_series(1, ${rows * 0.08}) n`,
  `INSERT INTO "Notification" (id, "userId", sequence, kind, "recordId", "actorId")
   SELECT uuidv7(), o.id, 1 + n / ${BYSTANDERS}, 'task-assigned', uuidv7(), '${ADA}'
     FROM generate_series(1, ${rows * 0.02}) n JOIN ${others} ON o.at = n % ${BYSTANDERS}`,
  `INSERT INTO "NotificationFeed" ("userId", last)
   SELECT "userId", max(sequence) FROM "Notification" GROUP BY "userId"`,
];

/** Uploads have six objects each. A tenth of the objects are reports, some of them of members of her projects. */
const files = (objects: number) => [
  `INSERT INTO "Upload" (id, "userId", kind, filename, "contentType", bytes, state, "readyAt")
   SELECT uuidv7(), '${ADA}', 'IMAGE', 'Photo ' || n, 'image/jpeg', 1000, 'READY', now()
     FROM generate_series(1, ${(objects * 0.9) / 6}) n`,
  `INSERT INTO "UploadFile" ("uploadId", path, role, "contentType", bytes)
   SELECT id, 'image/' || pixels || '.webp', 'VARIANT', 'image/webp', 100
     FROM "Upload", unnest(ARRAY[160, 320, 480, 960, 1920]) pixels`,
  `INSERT INTO "Report" (id, "projectId", "userId", period, "firstDay", "lastDay", zone, state, pages, bytes)
   SELECT uuidv7(), p.id, CASE WHEN n % 5 = 0 THEN o.id ELSE '${ADA}' END, 'WEEK', '2026-01-05', '2026-01-11', 'UTC',
          'READY', 1, 100
     FROM generate_series(1, ${objects / 10}) n
     JOIN (SELECT id, row_number() OVER () - 1 AS at FROM "Project" WHERE name = 'owned') p ON p.at = n % 20
     JOIN ${others} ON o.at = n % 10`,
];

const jobs = `
  INSERT INTO "Job" (id, name, payload, state, "finishedAt")
  SELECT uuidv7(), name, payload, 'COMPLETED', now() FROM (
    SELECT 'image-resize' AS name, jsonb_build_object('uploadId', id) AS payload FROM "Upload" UNION ALL
    SELECT 'report-generate', jsonb_build_object('reportId', id) FROM "Report" UNION ALL
    SELECT 'email', jsonb_build_object('template', 'report-ready', 'userId', "userId", 'recordId', id) FROM "Report" UNION ALL
    SELECT 'email', jsonb_build_object('template', 'password-changed', 'userId', id) FROM "User")`;
