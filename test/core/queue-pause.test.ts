import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { defineJob, defineWorker, RateLimitedError } from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { emptyBroker } from "../../infra/empty-broker.ts";
import { until } from "../../scripts/processes/until.ts";

const payload = z.object({ n: z.int() });
const job = (name: string) =>
  defineJob({ name, payload, backoff: { delay: 50 }, rateLimit: { max: 1_000, per: 1_000 } });

let core: Core;
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
});
afterAll(() => core[Symbol.asyncDispose]());

const enqueue = (of: ReturnType<typeof job>, n: number, delay = 0) =>
  core.jobs.transaction((scope) => scope.enqueue(of, { n }, { delay }));

/** Resolves when a job of another queue, enqueued now, has been done: a job of a queue without a pause is as fast. */
const another = job("another");
const anotherIsDone = async () => core.reaches(await enqueue(another, 0), "COMPLETED");

test("a paused queue starts nothing, on workers that run and on those that start", async () => {
  const paused = job("paused");
  const runs: number[] = [];
  const worker = defineWorker(paused, async ({ n }) => void runs.push(n));
  const first = core.work(
    worker,
    defineWorker(another, async () => {}),
  );
  await core.reaches(await enqueue(paused, 0), "COMPLETED");
  expect(await core.broker.isPaused("paused")).toBe(false);
  await core.broker.pause("paused");
  expect(await core.broker.isPaused("paused")).toBe(true);

  const ids = [await enqueue(paused, 1), await enqueue(paused, 2, 100)];
  for (const id of ids) await core.reaches(id, "PUBLISHED");
  await anotherIsDone();
  await first.close(0);
  core.work(
    worker,
    defineWorker(another, async () => {}),
  );
  await anotherIsDone();
  expect(runs).toEqual([0]);

  await core.broker.resume("paused");
  for (const id of ids) await core.reaches(id, "COMPLETED");
  expect(await core.broker.isPaused("paused")).toBe(false);
  expect(runs.toSorted()).toEqual([0, 1, 2]);
});

test("running jobs end during a pause, and retries and rate limits wait for its end", async () => {
  const kept = job("kept");
  const hold = Promise.withResolvers<void>();
  const attempts: string[] = [];
  core.work(
    defineWorker(kept, async ({ n }, { attempt }) => {
      attempts.push(`${n} ${attempt}`);
      await hold.promise;
      if (n === 1 && attempt === 1) throw new Error("no");
      if (n === 2 && attempts.filter((each) => each.startsWith("2")).length === 1)
        throw new RateLimitedError(50);
    }),
  );
  const ids = [await enqueue(kept, 0), await enqueue(kept, 1), await enqueue(kept, 2)];
  await until("all run", () => attempts.length === 3);
  await core.broker.pause("kept");
  hold.resolve();
  await core.reaches(ids[0]!, "COMPLETED");
  await until("the second waits for its retry", async () => (await core.row(ids[1]!)).attempt === 1);
  await until("the third is limited", async () => (await core.row(ids[2]!)).history.length === 1);
  await anotherIsDone();
  await anotherIsDone();
  expect(attempts.toSorted()).toEqual(["0 1", "1 1", "2 1"]);

  await core.broker.resume("kept");
  for (const id of ids) expect(await core.reaches(id, "COMPLETED")).toMatchObject({ epoch: 1 });
  expect(attempts.toSorted()).toEqual(["0 1", "1 1", "1 2", "2 1", "2 1"]);
});

test("the broker still knows the jobs of a paused queue, and an emptied broker forgets the pause", async () => {
  await core.broker.pause("forgotten");
  const id = await enqueue(job("forgotten"), 0);
  await core.reaches(id, "PUBLISHED");
  // The states in which the sweep leaves a job alone.
  expect(["waiting", "prioritized"]).toContain(await core.broker.queue("forgotten").getJobState(`${id}-1`));
  // Only the own keys: other files share the cluster.
  expect(await emptyBroker(core.queueUrl, core.queuePrefix)).toBe(1);
  expect(await core.broker.isPaused("forgotten")).toBe(false);

  // It is usable at once: what it gets from then on stays.
  const next = await enqueue(job("forgotten"), 1);
  await core.reaches(next, "PUBLISHED");
  await core.broker.ping();
  expect(["waiting", "prioritized"]).toContain(await core.broker.queue("forgotten").getJobState(`${next}-1`));
});
