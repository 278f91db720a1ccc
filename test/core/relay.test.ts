import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Redis } from "ioredis";
import { z } from "zod";
import { defineJob, defineWorker, openBroker, startRelay } from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { createRedis } from "../../scripts/processes/stores.ts";
import { until } from "../../scripts/processes/until.ts";

const note = defineJob({ name: "note", payload: z.object({ n: z.int() }), concurrency: 50 });

let core: Core;
beforeAll(async () => {
  core = await createCore();
});
afterAll(() => core[Symbol.asyncDispose]());

const count = async (state: string): Promise<number> =>
  core.database.prisma.job.count({ where: { name: "note", state: state as "COMPLETED" } });

test("three relays share the work, and each job runs once", async () => {
  const runs = new Map<number, number>();
  core.work(defineWorker(note, async ({ n }) => runs.set(n, (runs.get(n) ?? 0) + 1)));
  const relays = [core.startRelay(), core.startRelay(), core.startRelay()];
  await core.jobs.transaction(async ({ enqueue }) => {
    for (let n = 0; n < 300; n++) await enqueue(note, { n });
  });
  for (const relay of relays) relay.nudge();
  await until("all jobs are done", async () => (await count("COMPLETED")) === 300);
  expect([...runs.values()].every((times) => times === 1)).toBe(true);
  expect(runs.size).toBe(300);
});

test("a job that cannot be published fails after ten tries, and does not block other jobs", async () => {
  // BullMQ rejects a queue name with a colon.
  const [unpublishable] = await core.sql<{ id: string }>(
    `INSERT INTO "Job" (id, name, payload, "publishTries") VALUES (gen_random_uuid(), 'not:a:queue', '{}', 8) RETURNING id`,
    [],
  );
  const other = await core.jobs.transaction(({ enqueue }) => enqueue(note, { n: 300 }));
  await core.reaches(other, "COMPLETED");
  const { error } = await core.reaches(unpublishable?.id ?? "", "FAILED");
  expect(error).toContain("Queue name cannot contain :");
});

// BullMQ on PostgreSQL would check again only when the delayed job is due or, after an outage, in an hour.
const postgresCases = () =>
  test("a job whose notification was missed is found within seconds", async () => {
    const done: (string | undefined)[] = [];
    const consumer = core.broker.worker("quiet", async ({ id }) => void done.push(id), {});
    try {
      const queue = core.broker.queue("quiet");
      await queue.add("quiet", {}, { jobId: "notified" });
      await queue.add("quiet", {}, { jobId: "missed", delay: 3_600_000 });
      await until("the first job is done", () => done.includes("notified"));
      await sleep(1_000); // until the consumer waits again
      await core.sql(`UPDATE bullmq.job SET state = 'waiting' WHERE id = 'missed'`, []);
      await until("the second job is done", () => done.includes("missed"), 20_000);
    } finally {
      await consumer.close();
    }
  });

const redisCases = () =>
  test("jobs wait while the broker is full, and no failed try is counted", async () => {
    await using redis = await createRedis("empty");
    await redis.start();
    const admin = new Redis(redis.url);
    const broker = openBroker(redis.url, "full", () => {});
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    await using own = await createCore();
    const relay = startRelay(own.sql, broker, log);
    try {
      await until("the broker responds", () => broker.ping().then(() => true));
      await admin.config("SET", "maxmemory", "1");
      const id = await own.jobs.transaction(({ enqueue }) => enqueue(note, { n: 0 }));
      relay.nudge();
      await sleep(3_000); // for three tries, one per second
      expect((await own.sql(`SELECT state, "publishTries" FROM "Job"`, []))[0]).toEqual({
        state: "PENDING",
        publishTries: 0,
      });
      await admin.config("SET", "maxmemory", "0");
      await own.reaches(id, "PUBLISHED");
    } finally {
      await relay.close();
      await broker.close();
      admin.disconnect();
    }
  });

if (inject("redisUrl")) redisCases();
else postgresCases();
