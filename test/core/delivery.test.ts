import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError } from "bullmq";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { connectRedis, defineJob, defineWorker, RateLimitedError } from "../../workers/core/index.ts";
import { createDeliveries } from "../../workers/core/delivery.ts";
import { brokerIdOf } from "../../workers/core/ledger/sql.ts";
import { createTally } from "../../workers/core/tally.ts";
import { startWorkers } from "../../workers/core/worker.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

const payload = z.object({ n: z.int() });

let core: Core;
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
});
afterAll(() => core[Symbol.asyncDispose]());

const enqueue = (job: ReturnType<typeof defineJob<typeof payload>>, n = 0) =>
  core.jobs.transaction((scope) => scope.enqueue(job, { n }));
const logged = (text: string) =>
  until(`the log says "${text}"`, async () => core.logged.some(({ message }) => message.includes(text)));

test("a job that a live worker runs does not run again when the broker redelivers it", async () => {
  const slow = defineJob({ name: "slow", payload });
  const id = await enqueue(slow);
  await core.reaches(id, "PUBLISHED");
  // As after a restore of the broker to an earlier state.
  await core.sql(`INSERT INTO "JobWorker" (id, "seenAt") VALUES ('other', now() + interval '1 hour')`, []);
  await core.sql(`UPDATE "Job" SET "startedAt" = now(), "startedBy" = 'other' WHERE id = $1::uuid`, [id]);
  let runs = 0;
  core.work(defineWorker(slow, async () => ++runs));
  const delayed = () => core.broker.queue("slow").getJobCountByTypes("delayed");
  await until("the redelivery is postponed", async () => (await delayed()) === 1);
  expect(runs).toBe(0);

  await core.sql(`DELETE FROM "JobWorker" WHERE id = 'other'`, []);
  const { crashes, history } = await core.reaches(id, "COMPLETED");
  expect({ runs, crashes, history }).toMatchObject({
    runs: 1,
    crashes: 1,
    history: [{ outcome: "crashed" }],
  });
});

test("a job that the broker delivers twice at once to one process runs once", async () => {
  const twice = defineJob({ name: "twice", payload });
  const id = await enqueue(twice);
  const { epoch } = await core.reaches(id, "PUBLISHED");
  const { signal } = new AbortController();
  const { database, broker } = core;
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const { processor } = createDeliveries({
    ...{ database: database.jobs, broker, log, observe: () => {}, nudge: () => {}, workerId: "this" },
    ...{ ending: signal, giveUp: signal, tally: createTally([]) },
  });
  let runs = 0;
  const worker = defineWorker(twice, async () => ++runs);
  const process = processor(worker, { isPaused: false, isPausing: false, pause: async () => {} });
  const delivery = { id: brokerIdOf({ id, epoch }), stalledCounter: 0, moveToDelayed: async () => {} };
  const deliver = () => process(delivery as unknown as Parameters<typeof process>[0], "token");
  const [first, second] = await Promise.allSettled([deliver(), deliver()]);
  expect(first).toMatchObject({ value: "completed" });
  expect(second).toMatchObject({ reason: expect.any(DelayedError) });
  expect(runs).toBe(1);
});

test("a completion that PostgreSQL rejects fails the attempt, and frees its slot for the next job", async () => {
  // Longer than an index entry may be.
  const tooLong = Array.from({ length: 500 }, () => crypto.randomUUID()).join();
  const keyed = defineJob({ name: "keyed", payload, key: () => tooLong });
  const careless = defineJob({ name: "careless", payload, attempts: 1, concurrency: 1 });
  core.work(defineWorker(careless, async ({ n }, run) => n === 0 && run.enqueue(keyed, { n })));
  const first = await enqueue(careless, 0);
  const second = await enqueue(careless, 1);
  expect((await core.reaches(first, "FAILED")).error).toContain("54000");
  await core.reaches(second, "COMPLETED");
});

test("a short pause does not end a long one", async () => {
  const limited = defineJob({ name: "limited", payload, rateLimit: { max: 100, per: 1_000 } });
  const starts: number[] = [];
  let startLongPause = () => {};
  const longPause = new Promise<void>((resolve) => (startLongPause = resolve));
  core.work(
    defineWorker(limited, async ({ n }) => {
      starts.push(Date.now());
      if (starts.length > 2) return;
      if (n === 0) {
        startLongPause();
        throw new RateLimitedError(6_000);
      }
      await longPause;
      await sleep(500);
      throw new RateLimitedError(1_000);
    }),
  );
  const ids = [await enqueue(limited, 0), await enqueue(limited, 1)];
  for (const id of ids) await core.reaches(id, "COMPLETED");
  const sorted = starts.toSorted((a, b) => a - b);
  expect(sorted[2]! - sorted[0]!).toBeGreaterThan(5_500);
});

test("a pause of one process leaves the queue and its job to the others", async () => {
  const shared = defineJob({ name: "shared", payload, rateLimit: { max: 100, per: 1_000 } });
  const runs: string[] = [];
  const refusing = defineWorker(shared, async ({ n }) => {
    runs.push(`refused ${n}`);
    throw new RateLimitedError(2_000, { scope: "process" });
  });
  core.work(refusing);
  const first = await enqueue(shared, 0);
  await until("the first process has refused", () => runs.length === 1);
  core.work(defineWorker(shared, async ({ n }) => void runs.push(`done ${n}`)));
  expect(await core.reaches(first, "COMPLETED")).toMatchObject({
    attempt: 0,
    history: [{ outcome: "limited", kind: "rate-limited" }],
  });
  for (const n of [1, 2, 3]) await core.reaches(await enqueue(shared, n), "COMPLETED");
  expect(runs).toEqual(["refused 0", "done 0", "done 1", "done 2", "done 3"]);
});

test("a process takes jobs again after its pause", async () => {
  const resting = defineJob({ name: "resting", payload });
  const starts: number[] = [];
  core.work(
    defineWorker(resting, async () => {
      starts.push(Date.now());
      if (starts.length < 3) throw new RateLimitedError(700, { scope: "process" });
    }),
  );
  expect(await core.reaches(await enqueue(resting), "COMPLETED")).toMatchObject({ attempt: 0 });
  const pauses = starts.slice(1).map((at, n) => at - starts[n]!);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(690);
});

test("a pause that the operator must end is logged once, with its cause", async () => {
  const refused = defineJob({ name: "refused", payload, rateLimit: { max: 100, per: 1_000 } });
  const { promise: together, resolve: start } = Promise.withResolvers<void>();
  const options = { cause: new Error("535 at AUTH"), alert: "fix the password" };
  let runs = 0;
  core.work(
    defineWorker(refused, async () => {
      if (++runs === 3) start();
      await together;
      if (runs <= 3) throw new RateLimitedError(1_000, options);
    }),
  );
  const ids = [await enqueue(refused, 0), await enqueue(refused, 1), await enqueue(refused, 2)];
  for (const id of ids) await core.reaches(id, "COMPLETED");
  const alerts = core.logged.filter(({ message }) => message === options.alert);
  expect(alerts).toEqual([
    { fields: { job: "refused", ms: 1_000, error: "Error: 535 at AUTH" }, message: options.alert },
  ]);
});

test("a pause may be a fraction of a millisecond, and must be a number", async () => {
  const hasty = defineJob({ name: "hasty", payload });
  let runs = 0;
  core.work(
    defineWorker(hasty, async () => {
      if (++runs === 1) throw new RateLimitedError(0.5);
    }),
  );
  expect(await core.reaches(await enqueue(hasty), "COMPLETED")).toMatchObject({ attempt: 0 });
  expect(() => new RateLimitedError(Number.NaN)).toThrow(RangeError);
});

test("a job of the broker that is not in the ledger is removed", async () => {
  const own = defineJob({ name: "own", payload });
  core.work(defineWorker(own, async () => "done"));
  const foreign = await core.broker.queue("own").add("own", {}, { jobId: "foreign", removeOnComplete: true });
  await until(
    "the broker has removed it",
    async () => !(await core.broker.queue("own").getJob(foreign.id ?? "")),
  );
  await logged("not a job of the ledger");
});

test("after a timeout, the handler ends before the job runs again", async () => {
  const tidy = defineJob({ name: "tidy", payload, timeout: 200, backoff: { delay: 1, jitter: 0 } });
  const events: string[] = [];
  core.work(
    defineWorker(tidy, async (_payload, { attempt, signal }) => {
      events.push(`${attempt} begins`);
      if (attempt > 1) return;
      await sleep(60_000, undefined, { signal }).catch(() => sleep(700));
      events.push(`${attempt} ends`);
    }),
  );
  await core.reaches(await enqueue(tidy), "COMPLETED");
  expect(events).toEqual(["1 begins", "1 ends", "2 begins"]);
});

test("a run that would start after the grace period is released", async () => {
  const late = defineJob({ name: "late", payload });
  const { promise: closing, resolve: close } = Promise.withResolvers<void>();
  let isStartRequested = false;
  let runs = 0;
  const database: typeof core.database.jobs = {
    ...core.database.jobs,
    sql: async (text, values) => {
      const rows = core.sql(text, values);
      if (!/SET "startedAt" = now/.test(text)) return rows as never;
      isStartRequested = true;
      await closing;
      return rows as never;
    },
  };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const workers = startWorkers({
    database,
    broker: core.broker,
    log,
    nudge: () => {},
    observe: () => {},
    workers: [defineWorker(late, async () => ++runs)],
  });
  const id = await enqueue(late);
  await until("the start is requested", async () => isStartRequested);
  const closed = workers.close(0);
  setTimeout(close, 200);
  await closed;
  expect(runs).toBe(0);
  expect(await core.row(id)).toMatchObject({ state: "PUBLISHED", attempt: 0, crashes: 0, startedAt: null });
});

test("jobs whose processes died run one at a time, and occupy no slot while they wait", async () => {
  const risky = defineJob({ name: "risky", payload, concurrency: 2 });
  const ids = [await enqueue(risky, 0), await enqueue(risky, 1), await enqueue(risky, 2)];
  for (const id of ids) await core.reaches(id, "PUBLISHED");
  await markAsStalled("risky", ids);
  let running = 0;
  let maximum = 0;
  const { promise, resolve: otherIsDone } = Promise.withResolvers<void>();
  core.work(
    defineWorker(risky, async ({ n }) => {
      if (n === 99) return otherIsDone();
      maximum = Math.max(maximum, ++running);
      await promise;
      running -= 1;
    }),
  );
  await until("a suspect runs", async () => running === 1);
  await core.reaches(await enqueue(risky, 99), "COMPLETED");
  for (const id of ids) await core.reaches(id, "COMPLETED");
  expect(maximum).toBe(1);
});

/** Marks jobs of the broker as stalled, as if their worker had been killed. */
const markAsStalled = async (queue: string, ids: readonly string[]) => {
  if (!core.queueUrl.startsWith("redis"))
    return core.sql(`UPDATE bullmq.job SET stalled_count = 1 WHERE queue = $1`, [queue]);
  const client = connectRedis(core.queueUrl, {}, () => {});
  for (const id of ids) await client.hset(`${core.queuePrefix}:${queue}:${id}-1`, "stc", 1);
  client.disconnect();
  return undefined;
};
