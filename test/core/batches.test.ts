import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  cancelJobs,
  defineJob,
  defineWorker,
  findBatches,
  PermanentError,
} from "../../workers/core/index.ts";
import { pruneBatches } from "../../workers/core/ledger/batches.ts";
import { claimBatched, claimSingle, markPublished, type DueJob } from "../../workers/core/ledger/publish.ts";
import { publishAgain } from "../../workers/core/ledger/recovery.ts";
import { pruneFinished } from "../../workers/core/ledger/prune.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

const chore = defineJob({ name: "chore", payload: z.object({ n: z.int() }), concurrency: 50 });

const other = defineJob({ name: "other", payload: z.object({ n: z.int() }) });

let core: Core;
beforeAll(async () => {
  core = await createCore();
});
afterAll(() => core[Symbol.asyncDispose]());

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => ({
    payload: { n: from + index },
    key: `chore ${from + index}`,
  }));

const enqueueBatch = (items: ReturnType<typeof numbers>, batch = { id: uuidv7(), name: "chores" }) =>
  core.jobs.transaction(async ({ enqueueMany }) => ({
    batch,
    added: await enqueueMany(chore, items, { batch, priority: 7 }),
  }));

const countsOf = async (id: string) => {
  const [{ createdAt, name, ...counts } = {} as never] = await findBatches(core.sql, { id, limit: 1 });
  expect({ createdAt, name }).toEqual({ createdAt: expect.any(Date), name: "chores" });
  return counts;
};

test("many jobs are added at once, each key only once, and counted as a batch", async () => {
  const { batch, added } = await enqueueBatch(numbers(0, 2_300));
  expect(added).toBe(2_300);
  const again = await enqueueBatch(numbers(2_290, 2_310), batch);
  expect(again.added).toBe(10);
  const none = { running: 0, done: 0, failed: 0, cancelled: 0 };
  expect(await countsOf(batch.id)).toEqual({ id: batch.id, total: 2_310, waiting: 2_310, ...none });
  expect(
    await core.sql(
      `SELECT name, state::text, priority, count(*)::int, count(DISTINCT payload ->> 'n')::int AS payloads
       FROM "Job" WHERE "batchId" = $1::uuid GROUP BY 1, 2, 3`,
      [batch.id],
    ),
  ).toEqual([{ name: "chore", state: "PENDING", priority: 7, count: 2_310, payloads: 2_310 }]);
  await core.sql(`DELETE FROM "Job"`, []);
});

test("a payload that the schema refuses, or a priority out of range, adds none of them", async () => {
  const batch = { id: uuidv7(), name: "chores" };
  const wrong = [...numbers(5_000, 5_003), { payload: { n: 0.5 }, key: "wrong" }];
  await expect(enqueueBatch(wrong, batch)).rejects.toThrow(z.ZodError);
  await expect(
    core.jobs.transaction(({ enqueueMany }) =>
      enqueueMany(chore, numbers(5_000, 5_003), { batch, priority: -1 }),
    ),
  ).rejects.toThrow(RangeError);
  expect(await findBatches(core.sql, { id: batch.id, limit: 1 })).toEqual([]);
  expect(await core.database.prisma.job.count()).toBe(0);
});

test("a rolled back transaction leaves neither jobs nor a batch", async () => {
  const batch = { id: uuidv7(), name: "chores" };
  const attempt = core.jobs.transaction(async ({ enqueueMany }) => {
    await enqueueMany(chore, numbers(5_000, 5_010), { batch });
    throw new Error("changed my mind");
  });
  await expect(attempt).rejects.toThrow("changed my mind");
  expect(await findBatches(core.sql, { id: batch.id, limit: 1 })).toEqual([]);
  expect(await core.database.prisma.job.count()).toBe(0);
});

test("jobs of no batch are claimed next to a flood of batches, and batches next to a flood of others", async () => {
  await enqueueBatch(numbers(0, 1_000));
  const urgent = await core.jobs.transaction(({ enqueue }) => enqueue(chore, { n: -1 }));
  expect((await claimSingle(core.sql, 10, [])).map(({ id }) => id)).toEqual([urgent]);
  expect(await claimSingle(core.sql, 10, [])).toEqual([]);

  await core.jobs.transaction(({ enqueueMany }) => enqueueMany(chore, numbers(2_000, 2_500)));
  const oldest = await core.sql<{ id: string }>(
    `SELECT id FROM "Job" WHERE "batchId" IS NOT NULL ORDER BY id LIMIT 10`,
    [],
  );
  expect((await claimBatched(core.sql, 10, [])).map(({ id }) => id).toSorted()).toEqual(
    oldest.map(({ id }) => id),
  );
  await core.sql(`DELETE FROM "Job"`, []);
});

/** Publishes what batches may publish now, in the ledger only. Resolves with the jobs. */
const publishBatches = async () => {
  const published: DueJob[] = [];
  for (let jobs = await claimBatched(core.sql, 300, []); jobs.length > 0;) {
    await markPublished(core.sql, jobs, core.broker.id);
    published.push(...jobs);
    jobs = await claimBatched(core.sql, 300, []);
  }
  return published;
};

test("at most 1,000 jobs of batches per queue are in the broker before their first attempt ends", async () => {
  const { batch } = await enqueueBatch(numbers(0, 1_300));
  await core.jobs.transaction(({ enqueueMany }) => enqueueMany(other, numbers(0, 5), { batch }));
  const chores = (await publishBatches()).filter(({ name }) => name === "chore");
  expect(chores).toHaveLength(1_000);
  expect(await core.database.prisma.job.count({ where: { name: "other", state: "PUBLISHED" } })).toBe(5);

  const change = (set: string, from: number, to: number) =>
    core.sql(`UPDATE "Job" SET ${set} WHERE id = ANY ($1::uuid[])`, [
      chores.slice(from, to).map(({ id }) => id),
    ]);
  // A job that runs keeps its place. One that waits for a retry gives it up, or some hundred would hold up the batch.
  await change(`"startedAt" = now(), "startedBy" = 'me'`, 0, 100);
  expect(await publishBatches()).toEqual([]);
  await change(`state = 'COMPLETED'`, 0, 50);
  await change(`attempt = 1`, 100, 140);
  expect(await publishBatches()).toHaveLength(90);

  // A job that the broker has lost goes before the rest of its batch.
  await publishAgain(core.sql, chores.slice(200, 210));
  const again = (await publishBatches()).map(({ id }) => id).toSorted();
  expect(again).toEqual(
    chores
      .slice(200, 210)
      .map(({ id }) => id)
      .toSorted(),
  );
  await core.sql(`DELETE FROM "Job"`, []);
});

test("while the broker has as many jobs of a batch as it may, others are published, and the batch follows", async () => {
  const relay = core.startRelay();
  const { batch } = await enqueueBatch(numbers(0, 1_200));
  const published = async () => core.database.prisma.job.count({ where: { state: "PUBLISHED" } });
  await until("the broker has as many as it may", async () => (await published()) === 1_000);
  // Without a nudge, as from another process.
  const [id] = await core.sql<{ id: string }>(
    `INSERT INTO "Job" (id, name, payload) VALUES (gen_random_uuid(), 'chore', '{"n":-1}') RETURNING id`,
    [],
  );
  await core.reaches(id?.id ?? "", "PUBLISHED");
  expect(await published()).toBe(1_001);

  const worker = core.work(defineWorker(chore, async () => {}));
  await until("all are done", async () => (await countsOf(batch.id)).done === 1_200, 30_000);
  await worker.close(0);
  await relay.close();
  await core.sql(`DELETE FROM "Job"`, []);
});

test("a batch shows how many of its jobs wait, run, are done, failed or were cancelled, also after pruning", async () => {
  const open = Promise.withResolvers<void>();
  const { batch } = await enqueueBatch(numbers(0, 30));
  const ids = await core.sql<{ id: string; n: number }>(
    `SELECT id, (payload ->> 'n')::int AS n FROM "Job" ORDER BY 2`,
    [],
  );
  await cancelJobs(
    core.sql,
    ids.filter(({ n }) => n >= 28).map(({ id }) => id),
  );
  core.startRelay();
  core.work(
    defineWorker(chore, async ({ n }) => {
      if (n < 3) await open.promise;
      if (n >= 25) throw new PermanentError("no");
    }),
  );
  await until("the others have ended", async () => {
    const { done, failed } = await countsOf(batch.id);
    return done === 22 && failed === 3;
  });
  const { id } = batch;
  expect(await countsOf(id)).toEqual({
    id,
    total: 30,
    waiting: 0,
    running: 3,
    done: 22,
    failed: 3,
    cancelled: 2,
  });
  open.resolve();
  const ended = { id, total: 30, waiting: 0, running: 0, done: 25, failed: 3, cancelled: 2 };
  await until("all are done", async () => (await countsOf(id)).running === 0);
  expect(await countsOf(id)).toEqual(ended);

  // A week later: the batch leaves with the first job that it could miss, so its counts are never wrong.
  const age = async (days: number) => {
    await core.sql(`UPDATE "JobBatch" SET "createdAt" = now() - $1::int * interval '1 day'`, [days]);
    await core.sql(
      `UPDATE "Job" SET id = overlay(id::text placing '0000' from 1 for 4)::uuid, "finishedAt" = now() - $1::int * interval '1 day'`,
      [days],
    );
    await pruneBatches(core.sql);
    while (await pruneFinished(core.sql));
  };
  await age(6);
  expect(await countsOf(id)).toEqual(ended);
  await age(8);
  expect(await findBatches(core.sql, { limit: 10 })).toEqual([]);
  expect(await core.database.prisma.job.count()).toBe(3);
});

test("batches are listed page by page, newest first", async () => {
  const made: string[] = [];
  for (let n = 0; n < 3; n++) made.unshift((await enqueueBatch(numbers(n, n + 1))).batch.id);
  const page = async (before?: string) =>
    (await findBatches(core.sql, { before, limit: 2 })).map(({ id }) => id);
  expect([...(await page()), ...(await page(made[1]))]).toEqual(made);
});
