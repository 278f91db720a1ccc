import { Redis } from "ioredis";
import { expect, inject, it } from "vitest";
import { insertJob } from "../../workers/core/ledger.ts";
import { chore } from "../support/chaos-jobs.ts";
import { createSystem, type System } from "../support/chaos-system.ts";
import { createRedis } from "../support/stores.ts";
import { until } from "../support/until.ts";

const counts = async ({ sql }: System, condition: string) => {
  const [row] = await sql<{ count: number }>(`SELECT count(*)::int FROM "Job" j WHERE ${condition}`, []);
  return row!.count;
};

const enqueue = ({ sql }: System, times: number, payload: { ms?: number; fails?: number }) =>
  Promise.all(Array.from({ length: times }, () => insertJob(sql, chore, payload)));

const survives = async (system: System, empty: () => Promise<void>) => {
  await Promise.all([system.startChoreWorker(), system.startChoreWorker()]);
  await enqueue(system, 50, { fails: 1 });
  await until("50 jobs delayed", async () => (await counts(system, "attempt = 1")) === 50);
  const active = await enqueue(system, 20, { ms: 12_000 });
  await until("20 jobs active", async () => (await counts(system, `"startedAt" IS NOT NULL`)) === 20);
  await enqueue(system, 500, {});
  await until("all in the broker", async () => (await counts(system, "state = 'PUBLISHED'")) === 570);

  await empty();
  await until("all jobs done", async () => (await counts(system, "state = 'COMPLETED'")) === 570, 120_000);

  expect(await system.sql(`SELECT id FROM "ChoreDone" GROUP BY id HAVING count(*) > 1`, [])).toEqual([]);
  expect(await system.sql(`SELECT DISTINCT id FROM "ChoreDone"`, [])).toHaveLength(570);
  const starts = await system.sql(`SELECT id, count(*) FROM "ChoreStarted" WHERE id = ANY ($1) GROUP BY id HAVING count(*) > 1`, [active]);
  expect(starts).toEqual([]);
};

it.runIf(inject("redisUrl"))("an emptied Redis loses nothing", { timeout: 180_000 }, async () => {
  await using redis = await createRedis("empty");
  await redis.start();
  await using system = await createSystem({ queueUrl: redis.url });
  await survives(system, async () => {
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
  });
});

const tables = `SELECT string_agg(format('bullmq.%I', tablename), ', ') AS list FROM pg_tables WHERE schemaname = 'bullmq'`;

it.skipIf(inject("redisUrl"))("emptied broker tables lose nothing", { timeout: 180_000 }, async () => {
  await using system = await createSystem();
  await survives(system, async () => {
    const [row] = await system.sql<{ list: string }>(tables, []);
    await system.sql(`TRUNCATE ${row!.list}`, []);
  });
});

it.skipIf(inject("redisUrl"))("a dropped broker schema loses nothing", { timeout: 180_000 }, async () => {
  await using system = await createSystem();
  await survives(system, async () => void (await system.sql("DROP SCHEMA bullmq CASCADE", [])));
});
