import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  defineJob,
  defineWorker,
  pauseQueue,
  RateLimitedError,
  resumeQueue,
} from "../../workers/core/index.ts";
import { startSweep } from "../../workers/core/sweep.ts";
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

/** Pauses a queue, or resumes the last one, and resolves when the workers have read it. */
const change = async (work: () => Promise<boolean>) => {
  const before = core.logged.length;
  expect(await work()).toBe(true);
  await until("the workers know it", () =>
    core.logged.slice(before).some(({ message }) => message === "paused queues"),
  );
};

test("a paused queue starts nothing, on workers that run and on those that start", async () => {
  const paused = job("paused");
  const runs: number[] = [];
  const workers = [
    defineWorker(paused, async ({ n }) => void runs.push(n)),
    defineWorker(another, async () => {}),
  ];
  const first = core.work(...workers);
  await core.reaches(await enqueue(paused, 0), "COMPLETED");
  await change(() => pauseQueue(core.sql, "paused", "test"));
  expect(await pauseQueue(core.sql, "paused", "another")).toBe(false);

  const ids = [await enqueue(paused, 1), await enqueue(paused, 2, 100)];
  for (const id of ids) await core.reaches(id, "PUBLISHED");
  await anotherIsDone();
  await first.close(0);
  const second = core.work(...workers);
  await anotherIsDone();
  expect(runs).toEqual([0]);

  await change(() => resumeQueue(core.sql, "paused"));
  for (const id of ids) expect(await core.reaches(id, "COMPLETED")).toMatchObject({ epoch: 1, attempt: 0 });
  expect(await resumeQueue(core.sql, "paused")).toBe(false);
  expect(runs.toSorted()).toEqual([0, 1, 2]);
  await second.close(0);
});

test("running jobs end during a pause, and retries and rate limits wait for its end", async () => {
  const kept = job("kept");
  const hold = Promise.withResolvers<void>();
  const attempts: string[] = [];
  const working = core.work(
    defineWorker(another, async () => {}),
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
  await change(() => pauseQueue(core.sql, "kept", "test"));
  hold.resolve();
  await core.reaches(ids[0]!, "COMPLETED");
  await until("the second waits for its retry", async () => (await core.row(ids[1]!)).attempt === 1);
  await until("the third is limited", async () => (await core.row(ids[2]!)).history.length === 1);
  await anotherIsDone();
  await anotherIsDone();
  expect(attempts.toSorted()).toEqual(["0 1", "1 1", "2 1"]);

  await change(() => resumeQueue(core.sql, "kept"));
  for (const id of ids) expect(await core.reaches(id, "COMPLETED")).toMatchObject({ epoch: 1 });
  expect(attempts.toSorted()).toEqual(["0 1", "1 1", "1 2", "2 1", "2 1"]);
  await working.close(0);
});

test("a paused queue stays paused when the broker is emptied, and loses nothing", async () => {
  const emptied = job("emptied");
  const runs: number[] = [];
  const workers = [
    defineWorker(emptied, async ({ n }) => void runs.push(n)),
    defineWorker(another, async () => {}),
  ];
  const first = core.work(...workers);
  await change(() => pauseQueue(core.sql, "emptied", "test"));
  const id = await enqueue(emptied, 0);
  await core.reaches(id, "PUBLISHED");
  // The states in which the sweep leaves a job alone.
  expect(["waiting", "prioritized", "delayed"]).toContain(
    await core.broker.queue("emptied").getJobState(`${id}-1`),
  );
  // Only the own keys: other files share the cluster.
  expect(await emptyBroker(core.queueUrl, core.queuePrefix)).toBe(1);
  await first.close(0);
  core.work(...workers);
  const sweep = startSweep({ ...core, observe: () => {}, nudge: () => {} });
  await until("it is published again", async () => {
    const { epoch, state } = await core.row(id);
    return epoch === 2 && state === "PUBLISHED";
  });
  await sweep.close();
  await anotherIsDone();
  expect(runs).toEqual([]);
  await change(() => resumeQueue(core.sql, "emptied"));
  await core.reaches(id, "COMPLETED");
  expect(runs).toEqual([0]);
});
