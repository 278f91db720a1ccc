import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../infra/config.ts";
import { openDatabase, type Database, type Tx } from "../../infra/database.ts";
import type { Run } from "../../workers/core/index.ts";
import { wire as wireAccounts } from "../../workers/wiring/account-purge.ts";
import type { Infrastructure, Wire } from "../../workers/wiring/infrastructure.ts";
import { wire as wireRecords } from "../../workers/wiring/record-purge.ts";
import { wire as wireSessions } from "../../workers/wiring/session-purge.ts";
import { createTestDatabase, type TestDatabase } from "../support/core/database.ts";

const ROWS = 20_000;

let copy: TestDatabase;
let database: Database;
beforeAll(async () => {
  copy = await createTestDatabase();
  // One connection, whose statistics can be written before they are read.
  database = openDatabase(copy.url, 1, () => {});
  for (const statement of tables) await database.jobs.sql(statement, []);
  // Between two tests, it may find that a table of this size is small now, and best read as a whole.
  for (const table of filled)
    await database.jobs.sql(`ALTER TABLE "${table}" SET (autovacuum_enabled = false)`, []);
});
afterAll(async () => {
  await database.close();
  await copy.drop();
});

const series = `FROM generate_series(1, ${ROWS}) n`;
const idOf = (table: string) => `md5('${table} ' || n)::uuid`;
const user = idOf("user");

/** Half of the users are verified. Half of the rows of each kind are old. */
const tables = [
  `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt", "createdAt")
   SELECT ${user}, n || '@example.com', 'Ada', '', CASE WHEN n % 2 = 0 THEN now() END,
          now() - n % 60 * interval '1 day' ${series}`,
  `INSERT INTO "Session" (id, "userId", "tokenHash", device, "expiresAt")
   SELECT ${idOf("session")}, ${user}, sha256(n::text::bytea), 'Firefox', now() + (n % 20 - 10) * interval '1 day' ${series}`,
  ...["EmailVerification", "PasswordReset"].map(
    (table) => `INSERT INTO "${table}" (id, "userId", "tokenHash", "expiresAt")
      SELECT ${idOf("link")}, ${user}, sha256(n::text::bytea), now() + (n % 20 - 10) * interval '1 day' ${series}`,
  ),
  `INSERT INTO "Device" ("userId", "tokenHash", "lastSeenAt")
   SELECT ${user}, sha256((n * k)::text::bytea), now() - (n % 20 * k) * interval '50 days' ${series}, generate_series(1, 2) k`,
  `INSERT INTO "IdempotencyKey" (id, fingerprint, answer, "createdAt")
   SELECT sha256(n::text::bytea), '', '{}', now() - n % 20 * interval '4 hours' ${series}`,
  `INSERT INTO "Throttle" SELECT n::text, 1, extract(epoch FROM now()) * 1000 + (n % 20 - 10) * 3600000 ${series}`,
  `INSERT INTO "Project" (id, name) SELECT ${idOf("project")}, 'Apollo' ${series}`,
  `INSERT INTO "Invitation" (id, "projectId", email, role, "tokenHash", "expiresAt")
   SELECT ${idOf("invitation")}, ${idOf("project")}, n::text, 'VIEWER', sha256(n::text::bytea),
          now() - n % 20 * interval '5 days' ${series}`,
  `INSERT INTO "Task" (id, "projectId", title) SELECT ${idOf("task")}, ${idOf("project")}, 'Land' ${series}`,
  `INSERT INTO "AccountDeletion" (id, "jobId", "dueAt", "finishedAt", "sealedAddress")
   SELECT gen_random_uuid(), gen_random_uuid(), now(), now() - n % 20 * interval '1 day', 'v1' ${series}`,
  "ANALYZE",
];

const filled = [...tables.join("\n").matchAll(/INSERT INTO "(\w+)"/g)].map(([, table]) => table);

const countScans = async (): Promise<Record<string, number>> => {
  await database.jobs.sql("SELECT pg_stat_force_next_flush()", []);
  const rows = await database.jobs.sql<{ relname: string; scans: number }>(
    `SELECT relname, seq_scan::int AS scans FROM pg_stat_user_tables WHERE schemaname = 'public' AND relname = ANY ($1)`,
    [filled],
  );
  return Object.fromEntries(rows.map(({ relname, scans }) => [relname, scans]));
};

const run = async (wire: Wire) => {
  const config = loadConfig("worker", { PURGE_MAX_STATEMENTS: "10000", PURGE_MAX_BATCH_MS: "60000" });
  const worker = await wire({ config, prisma: database.prisma } as Infrastructure);
  const { signal } = new AbortController();
  return worker!.handler({}, { signal, progress: async () => {} } as unknown as Run<Tx>);
};

test("the counter counts the scans of this connection", async () => {
  const before = await countScans();
  await database.jobs.sql(`SELECT count(device) FROM "Session"`, []);
  expect((await countScans())["Session"]).toBe(before["Session"]! + 1);
});

test.each<[string, Wire, object]>([
  ["session-purge", wireSessions, { expired: expect.any(Number), orphaned: expect.any(Number) }],
  ["record-purge", wireRecords, { devices: expect.any(Number) }],
  ["account-purge", wireAccounts, { accounts: expect.any(Number) }],
])("%s reads no table from end to end", async (_name, wire, counts) => {
  const before = await countScans();
  expect(Object.keys(before)).toHaveLength(11);
  const result = (await run(wire)) as Record<string, number>;
  expect(result).toMatchObject(counts);
  expect(Object.values(result).filter((count) => count === 0)).toEqual([]);
  expect(await countScans()).toEqual(before);
});
