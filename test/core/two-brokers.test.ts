import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createPgDatabase, type Sql } from "../../workers/core/index.ts";
import { queuesElsewhere, removeUnusedBrokers, takeStranded } from "../../workers/core/ledger/brokers.ts";
import { createTestDatabase, type TestDatabase } from "../support/core/database.ts";

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(() => sql(`TRUNCATE "Job", "JobWorker", "JobBroker" CASCADE`, []));

const sql: Sql = (text, values) => createPgDatabase(pool).sql(text, values);

const insertWorker = (id: string, broker: string | null, queues: string[], silentFor = 0) =>
  sql(
    `INSERT INTO "JobWorker" (id, broker, queues, "seenAt") VALUES ($1, $2, $3, now() - $4::int * interval '1 second')`,
    [id, broker, queues, silentFor],
  );

const insertPublished = async (broker: string, { name = "mail", startedBy = "", retryIn = 0 } = {}) => {
  const id = randomUUID();
  await sql(
    `INSERT INTO "Job" (id, name, payload, state, broker, "startedBy", "startedAt", "readyAt")
     VALUES ($1, $2, '{}', 'PUBLISHED', $3, nullif($4, ''), CASE WHEN $4 <> '' THEN now() END,
             now() + $5::int * interval '1 second')`,
    [id, name, broker, startedBy, retryIn],
  );
  return id;
};

const take = async () => (await takeStranded(sql, "new", ["old"])).map(({ id }) => id);

test("a job is taken from a broker that has no worker for its queue any more", async () => {
  await insertWorker("w", "new", ["mail"]);
  await insertWorker("dead", "old", ["mail"], 11);
  const id = await insertPublished("old");
  expect(await take()).toEqual([id]);
  expect(await sql(`SELECT state, epoch FROM "Job"`, [])).toEqual([{ state: "PENDING", epoch: 2 }]);
});

test("a job stays where its queue has a worker, or if no worker here can run it", async () => {
  await insertWorker("w", "new", ["mail"]);
  await insertWorker("other", "old", ["mail"]);
  await insertPublished("old");
  await insertPublished("old", { name: "report" });
  await insertPublished("new");
  expect(await take()).toEqual([]);
});

test("a retry keeps its time", async () => {
  await insertWorker("w", "new", ["mail"]);
  const id = await insertPublished("old", { retryIn: 3_600 });
  expect(await take()).toEqual([id]);
  const waits = `SELECT "dueAt" > now() + interval '59 minutes' AS waits FROM "Job"`;
  expect(await sql(waits, [])).toEqual([{ waits: true }]);
});

test("a run is taken only after a minute without a heartbeat, and then counts as crashed", async () => {
  await insertWorker("w", "new", ["mail"]);
  await insertWorker("paused", "old", [], 30);
  await insertWorker("dead", "old", [], 70);
  await insertPublished("old", { startedBy: "paused" });
  const dead = await insertPublished("old", { startedBy: "dead" });
  expect(await take()).toEqual([dead]);
  expect(await sql(`SELECT crashes FROM "Job" WHERE id = $1`, [dead])).toEqual([{ crashes: 1 }]);
});

test("a relay leaves out queues that only workers on other brokers work on", async () => {
  await insertWorker("w", "new", ["mail", "report"]);
  await insertWorker("other", "old", ["mail", "push"]);
  await insertWorker("dead", "old", ["video"], 11);
  await insertWorker("of an older version", null, ["image"]);
  expect(await queuesElsewhere(sql, "old")).toEqual(["report"]);
  expect(await queuesElsewhere(sql, "new")).toEqual(["push"]);
  expect(await queuesElsewhere(sql, "third")).toEqual(["mail", "push", "report"]);
});

test("a broker is forgotten after an hour without use, but not while it has jobs", async () => {
  await sql(
    `INSERT INTO "JobBroker" SELECT id, now() - interval '2 hours' FROM unnest('{old,empty}'::text[]) id`,
    [],
  );
  await sql(`INSERT INTO "JobBroker" VALUES ('new')`, []);
  await insertPublished("old");
  await removeUnusedBrokers(sql);
  const left = await sql<{ id: string }>(`SELECT id FROM "JobBroker" ORDER BY id`, []);
  expect(left.map(({ id }) => id)).toEqual(["new", "old"]);
});
