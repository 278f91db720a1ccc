import type { System } from "./system.ts";

/** Inserts users with a daily report each, of one project. All of them are due now. */
export const insertDueSchedules = async ({ sql }: System, users: number): Promise<void> => {
  await sql(
    `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt")
     SELECT gen_random_uuid(), n || '@due.example', 'Ada', '', now() FROM generate_series(1, $1::int) n`,
    [users],
  );
  await sql(`INSERT INTO "Project" (id, name) VALUES (gen_random_uuid(), 'Orbit')`, []);
  await sql(
    `INSERT INTO "ProjectMember" ("projectId", "userId", role) SELECT p.id, u.id, 'MEMBER' FROM "Project" p, "User" u`,
    [],
  );
  await sql(
    `INSERT INTO "Schedule" (id, "userId", "projectId", job, payload, cadence, hour, minute, zone, "nextRunAt")
     SELECT gen_random_uuid(), "userId", "projectId", 'report-generate', '{}', 'DAILY',
            extract(hour FROM now() AT TIME ZONE 'UTC')::int, extract(minute FROM now() AT TIME ZONE 'UTC')::int,
            'UTC', date_trunc('minute', now())
     FROM "ProjectMember"`,
    [],
  );
};
