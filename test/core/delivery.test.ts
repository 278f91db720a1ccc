import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { connectRedis, defineJob, defineWorker, RateLimitedError } from "../../workers/core/index.ts";
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

test("what a living worker runs is left to it, though the broker delivers it again", async () => {
  const slow = defineJob({ name: "slow", payload });
  const id = await enqueue(slow);
  await core.reaches(id, "PUBLISHED");
  // As after a broker that came back as it was a moment ago.
  await core.sql(`INSERT INTO "JobWorker" (id, "seenAt") VALUES ('other', now() + interval '1 hour')`, []);
  await core.sql(`UPDATE "Job" SET "startedAt" = now(), "startedBy" = 'other' WHERE id = $1::uuid`, [id]);
  let runs = 0;
  core.work(defineWorker(slow, async () => ++runs));
  const delayed = () => core.broker.queue("slow").getJobCountByTypes("delayed");
  await until("it is handed back", async () => (await delayed()) === 1);
  expect(runs).toBe(0);

  await core.sql(`DELETE FROM "JobWorker" WHERE id = 'other'`, []);
  const { crashes, history } = await core.reaches(id, "COMPLETED");
  expect({ runs, crashes, history }).toMatchObject({
    runs: 1,
    crashes: 1,
    history: [{ outcome: "crashed" }],
  });
});

test("a completion that PostgreSQL refuses ends the attempt, and makes room for the next job", async () => {
  // More than an index can hold.
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
  let longAsked = () => {};
  const asked = new Promise<void>((resolve) => (longAsked = resolve));
  core.work(
    defineWorker(limited, async ({ n }) => {
      starts.push(Date.now());
      if (starts.length > 2) return;
      if (n === 0) {
        longAsked();
        throw new RateLimitedError(6_000);
      }
      await asked;
      await sleep(500);
      throw new RateLimitedError(1_000);
    }),
  );
  const ids = [await enqueue(limited, 0), await enqueue(limited, 1)];
  for (const id of ids) await core.reaches(id, "COMPLETED");
  const sorted = starts.toSorted((a, b) => a - b);
  expect(sorted[2]! - sorted[0]!).toBeGreaterThan(5_500);
});

test("a pause may be a part of a millisecond, and must be a number", async () => {
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

test("a job that is not of the ledger is left out", async () => {
  const own = defineJob({ name: "own", payload });
  core.work(defineWorker(own, async () => "done"));
  const foreign = await core.broker.queue("own").add("own", {}, { jobId: "foreign", removeOnComplete: true });
  await until("it is gone", async () => !(await core.broker.queue("own").getJob(foreign.id ?? "")));
  await logged("not a job of the ledger");
});

test("after its timeout a handler is over before the job runs again", async () => {
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

test("a run that would begin after the grace is given back", async () => {
  const late = defineJob({ name: "late", payload });
  const { promise: closing, resolve: close } = Promise.withResolvers<void>();
  let asked = false;
  let runs = 0;
  const database: typeof core.database.jobs = {
    ...core.database.jobs,
    sql: async (text, values) => {
      const rows = core.sql(text, values);
      if (!/SET "startedAt" = now/.test(text)) return rows as never;
      asked = true;
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
  await until("its start is asked for", async () => asked);
  const closed = workers.close(0);
  setTimeout(close, 200);
  await closed;
  expect(runs).toBe(0);
  expect(await core.row(id)).toMatchObject({ state: "PUBLISHED", attempt: 0, crashes: 0, startedAt: null });
});

test("jobs whose processes died run one after the other, and hold no slot in the meantime", async () => {
  const risky = defineJob({ name: "risky", payload, concurrency: 2 });
  const ids = [await enqueue(risky, 0), await enqueue(risky, 1), await enqueue(risky, 2)];
  for (const id of ids) await core.reaches(id, "PUBLISHED");
  await markAsStalled("risky", ids);
  let quarantine = 0;
  let most = 0;
  const { promise, resolve: innocentIsDone } = Promise.withResolvers<void>();
  core.work(
    defineWorker(risky, async ({ n }) => {
      if (n === 99) return innocentIsDone();
      most = Math.max(most, ++quarantine);
      await promise;
      quarantine -= 1;
    }),
  );
  await until("a suspect runs", async () => quarantine === 1);
  await core.reaches(await enqueue(risky, 99), "COMPLETED");
  for (const id of ids) await core.reaches(id, "COMPLETED");
  expect(most).toBe(1);
});

/** As a killed worker leaves them. */
const markAsStalled = async (queue: string, ids: readonly string[]) => {
  if (!core.queueUrl.startsWith("redis"))
    return core.sql(`UPDATE bullmq.job SET stalled_count = 1 WHERE queue = $1`, [queue]);
  const client = connectRedis(core.queueUrl, {}, () => {});
  for (const id of ids) await client.hset(`${core.queuePrefix}:${queue}:${id}-1`, "stc", 1);
  client.disconnect();
  return undefined;
};
