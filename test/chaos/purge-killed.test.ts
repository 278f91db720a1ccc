import { expect, it } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { sessionPurge } from "../../workers/session-purge/job.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { insertJob } from "../support/core/insert-job.ts";

const DEAD = 40_000;
const LIVE = 1_000;
const env = { WORKERS: "session-purge", PURGE_MAX_STATEMENTS: "10000", PURGE_MAX_BATCH_MS: "60000" };

const addSessions = async ({ sql }: System) => {
  const [user] = await sql<{ id: string }>(
    `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt")
     VALUES (gen_random_uuid(), 'ada@example.com', 'Ada', '', now()) RETURNING id`,
    [],
  );
  const add = (count: number, expiresAt: string) =>
    sql(
      `INSERT INTO "Session" (id, "userId", "tokenHash", device, "expiresAt")
       SELECT gen_random_uuid(), $1::uuid, sha256($3::text::bytea || n::text::bytea), 'Firefox', ${expiresAt}
         FROM generate_series(1, $2::int) n`,
      [user?.id, count, expiresAt],
    );
  await add(DEAD, "now() - interval '2 hours' - n * interval '1 second'");
  await add(LIVE, "now() + n * interval '1 minute'");
};

const countSessions = async ({ sql }: System) => {
  const [counts] = await sql<{ dead: number; live: number }>(
    `SELECT count(*) FILTER (WHERE "expiresAt" <= now())::int AS dead,
            count(*) FILTER (WHERE "expiresAt" > now())::int AS live FROM "Session"`,
    [],
  );
  return counts!;
};

interface Done {
  state: string;
  attempt: number;
  result: { expired: number };
}

const finished = (system: System, ids: string[]): Promise<Done[]> =>
  until("the purges are completed", async () => {
    const rows = await system.sql<Done>(
      `SELECT state, attempt, result FROM "Job" WHERE id = ANY ($1::uuid[])`,
      [ids],
    );
    return rows.every(({ state }) => state === "COMPLETED") && rows;
  });

it("a purge that is killed continues where it was", { timeout: 300_000 }, async () => {
  await using system = await createSystem();
  await addSessions(system);
  const worker = await system.startWorker(env);
  const id = await insertJob(system.sql, sessionPurge, {});
  const left = await until("the purge has begun", async () => {
    const { dead } = await countSessions(system);
    return dead < DEAD && dead;
  });
  await worker.kill();
  expect(left).toBeGreaterThan(0);
  const { dead } = await countSessions(system);
  expect(dead).toBeGreaterThan(0);

  await system.startWorker(env);
  const [done] = await finished(system, [id]);
  expect(done!.result.expired).toBe(dead);
  expect(await countSessions(system)).toEqual({ dead: 0, live: LIVE });
});

it("two purges at the same time share the work, without a deadlock", { timeout: 300_000 }, async () => {
  await using system = await createSystem();
  await addSessions(system);
  await Promise.all([system.startWorker(env), system.startWorker(env)]);
  const ids = [await insertJob(system.sql, sessionPurge, {}), await insertJob(system.sql, sessionPurge, {})];
  const done = await finished(system, ids);
  expect(done.map(({ attempt }) => attempt)).toEqual([0, 0]);
  const counts = done.map(({ result }) => result.expired);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(counts[0]! + counts[1]!).toBe(DEAD);
  expect(await countSessions(system)).toEqual({ dead: 0, live: LIVE });
});

it("a purge that must end stops, and is continued", { timeout: 300_000 }, async () => {
  await using system = await createSystem();
  await addSessions(system);
  const worker = await system.startWorker({ ...env, SHUTDOWN_GRACE_MS: "0" });
  const id = await insertJob(system.sql, sessionPurge, {});
  await until("the purge has begun", async () => (await countSessions(system)).dead < DEAD);
  expect(await worker.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  const { dead } = await countSessions(system);
  expect(dead).toBeGreaterThan(0);

  await system.startWorker(env);
  const [done] = await finished(system, [id]);
  expect(done).toMatchObject({ attempt: 0, result: { expired: dead } });
  expect(await countSessions(system)).toEqual({ dead: 0, live: LIVE });
});
