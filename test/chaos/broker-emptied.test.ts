import { describe, expect, inject, it } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { expectAllDoneOnce, untilAllFinished } from "../support/chaos/checks.ts";
import { chore, patientChore } from "../../scripts/chaos/jobs.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { dropTables, emptyBroker } from "../../scripts/chaos/empty-broker.ts";
import { createRedis } from "../../scripts/processes/stores.ts";
import { until } from "../../scripts/processes/until.ts";

/** Waits until this many jobs meet a condition. */
const untilCount = ({ sql }: System, count: number, condition: string) =>
  until(`${count} jobs where ${condition}`, async () => {
    const [row] = await sql<{ count: number }>(`SELECT count(*)::int FROM "Job" WHERE ${condition}`, []);
    return row?.count === count;
  });

const enqueue = (
  { sql }: System,
  times: number,
  job: typeof chore,
  payload: { ms?: number; fails?: number },
) => Promise.all(Array.from({ length: times }, () => insertJob(sql, job, payload)));

/** More than the broker may have at once, so that it is emptied while some of them wait in the ledger. */
const enqueueBatch = ({ sql }: System, count: number) =>
  sql(
    `INSERT INTO "Job" (id, name, payload, "batchId")
     SELECT gen_random_uuid(), $1, '{}', '019abcde-0000-7000-8000-000000000000' FROM generate_series(1, $2::int)`,
    [chore.name, count],
  );

const survives = async (system: System, empty: (system: System) => Promise<void>) => {
  await Promise.all([system.startChoreWorker(), system.startChoreWorker()]);
  await enqueue(system, 50, patientChore, { fails: 1 });
  await untilCount(system, 50, "attempt = 1");
  // Longer than a lock lasts, so that the workers find out at the renewal that the broker has lost these jobs.
  const active = await enqueue(system, 20, chore, { ms: 12_000 });
  await untilCount(system, 20, `"startedAt" IS NOT NULL`);
  await enqueue(system, 500, chore, {});
  await untilCount(system, 570, "state = 'PUBLISHED'");
  await enqueueBatch(system, 2_000);
  const batched = (state: string) =>
    system.sql<{ count: number }>(
      `SELECT count(*)::int FROM "Job" WHERE state = $1::"JobState" AND "batchId" IS NOT NULL`,
      [state],
    );
  await until("the broker has as many jobs of the batch as it may", async () => {
    const [row] = await batched("PUBLISHED");
    return (row?.count ?? 0) >= 1_000;
  });
  expect((await batched("PENDING"))[0]?.count).toBeGreaterThan(0);

  await empty(system);
  await untilAllFinished(system, 120_000);
  await expectAllDoneOnce(system);
  // Only a failed attempt may start a job again, for example when the machine is too busy to connect to PostgreSQL.
  const startedAgain = `SELECT count(*)::int AS starts, history FROM "ChoreStarted" JOIN "Job" USING (id)
    WHERE id = ANY ($1) GROUP BY "Job".id HAVING count(*) > 1 + attempt`;
  expect(await system.sql(startedAgain, [active])).toEqual([]);
  // More than those of no batch: the batch was found too.
  const lost = `SELECT count(*)::int FROM "Job" WHERE history @> '[{ "outcome": "lost" }]'`;
  const [found] = await system.sql<{ count: number }>(lost, []);
  expect(found?.count).toBeGreaterThan(1_000);
};

const timeout = { timeout: 600_000 };
const redisUrl = inject("redisUrl");

const redisCases = () =>
  it("no job is lost when Redis is emptied", timeout, async () => {
    await using redis = await createRedis("empty");
    await redis.start();
    await using system = await createSystem({ queueUrl: redis.url });
    await survives(system, emptyBroker);
  });

const postgresCases = () =>
  describe.concurrent("no job is lost when the PostgreSQL broker's", timeout, () => {
    it("tables are emptied", async () => {
      await using system = await createSystem();
      await survives(system, emptyBroker);
    });

    it("schema is dropped", async () => {
      await using system = await createSystem();
      await survives(system, ({ sql }) => dropTables(sql));
    });
  });

// Only the cases for this run's broker are declared, so that no test is reported as skipped.
if (redisUrl) redisCases();
else postgresCases();
