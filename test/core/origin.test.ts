import { hostname } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import {
  defineJob,
  defineWorker,
  findJobs,
  node,
  RateLimitedError,
  withOrigin,
  type JobRow,
  type Run,
  type WorkerAbout,
} from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

const payload = z.object({ name: z.string() });
const cause = defineJob({ name: "cause", payload, concurrency: 4 });
const effect = defineJob({ name: "effect", payload });
const ordered = defineJob({ name: "ordered", payload, order: () => "one" });
const works = new Map<string, (run: Run<Tx>) => Promise<unknown>>();

let core: Core;
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
  core.work(
    defineWorker(cause, async ({ name }, run) => works.get(name)?.(run)),
    defineWorker(effect, async () => "done"),
  );
});
afterAll(() => core[Symbol.asyncDispose]());

const enqueueCause = (name: string, work: (run: Run<Tx>) => Promise<unknown>) => {
  works.set(name, work);
  return core.jobs.transaction(({ enqueue }) => enqueue(cause, { name }));
};
const jobsNamed = async (name: string) => {
  const jobs = await findJobs(core.sql, { limit: 1_000 });
  return jobs.filter((job) => (job.payload as { name: string }).name === name && job.name !== cause.name);
};
const originsOf = (jobs: JobRow[]) => jobs.map(({ requestId, causeId }) => ({ requestId, causeId }));

test("jobs of every kind record the request that enqueued them", async () => {
  const requestId = "request-1";
  await withOrigin({ requestId }, () =>
    core.jobs.transaction(async ({ enqueue, enqueueFlow, enqueueMany }) => {
      await enqueue(effect, { name: "of a request" });
      await enqueue(ordered, { name: "of a request" });
      await enqueueFlow(
        node(
          effect,
          { name: "of a request" },
          { children: [node(effect, { name: "of a request" }, { onFailure: "continue" })] },
        ),
      );
      await enqueueMany(effect, [{ payload: { name: "of a request" } }]);
    }),
  );
  expect(originsOf(await jobsNamed("of a request"))).toEqual(Array(5).fill({ requestId, causeId: null }));
});

test("without an origin, and after one, jobs have none", async () => {
  await withOrigin({ requestId: "request-2" }, async () => {});
  await core.jobs.transaction(({ enqueue }) => enqueue(effect, { name: "of no one" }));
  expect(originsOf(await jobsNamed("of no one"))).toEqual([{ requestId: null, causeId: null }]);
});

test("follow-ups and jobs that a handler enqueues itself record its job", async () => {
  const id = await enqueueCause("both", async (run) => {
    run.enqueue(effect, { name: "of both" });
    run.enqueueFlow(node(effect, { name: "of both" }));
    await core.jobs.transaction(({ enqueueMany }) => enqueueMany(effect, [{ payload: { name: "of both" } }]));
  });
  await core.reaches(id, "COMPLETED");
  expect(originsOf(await jobsNamed("of both"))).toEqual(Array(3).fill({ requestId: null, causeId: id }));
});

test("follow-ups that run.complete commits record their job", async () => {
  const id = await enqueueCause("complete", async (run) => {
    run.enqueue(effect, { name: "of complete" });
    await run.complete(async () => "done");
  });
  await core.reaches(id, "COMPLETED");
  expect(originsOf(await jobsNamed("of complete"))).toEqual([{ requestId: null, causeId: id }]);
});

test("runs at the same time do not mix their origins", async () => {
  const all = Promise.withResolvers<void>();
  let running = 0;
  const ids = await Promise.all(
    [1, 2, 3, 4].map((n) =>
      enqueueCause(`parallel ${n}`, async (run) => {
        if (++running === 4) all.resolve();
        await all.promise;
        run.enqueue(effect, { name: `of parallel ${n}` });
      }),
    ),
  );
  for (const [index, id] of ids.entries()) {
    await core.reaches(id, "COMPLETED");
    expect(originsOf(await jobsNamed(`of parallel ${index + 1}`))).toEqual([
      { requestId: null, causeId: id },
    ]);
  }
});

const aboutOf = async (id: string): Promise<WorkerAbout | undefined> =>
  (await core.sql<{ about: WorkerAbout }>(`SELECT about FROM "JobWorker" WHERE id = $1`, [id]))[0]?.about;

test("a worker reports what it runs, and counts how its runs ended", async () => {
  const counted = defineJob({
    name: "counted",
    payload,
    attempts: 2,
    backoff: { delay: 10 },
    concurrency: 4,
  });
  const add = (name: string) => core.jobs.transaction(({ enqueue }) => enqueue(counted, { name }));
  const hold = Promise.withResolvers<void>();
  let pauses = 1;
  const { id } = core.work(
    defineWorker(counted, async ({ name }) => {
      if (name === "fails") throw new Error("no");
      if (name === "is limited" && pauses-- > 0) throw new RateLimitedError(10);
      if (name === "is held") await hold.promise;
    }),
  );
  await core.reaches(await add("fails"), "FAILED");
  await core.reaches(await add("is limited"), "COMPLETED");
  const held = await add("is held");
  const about = await until("the heartbeat reports all of it", async () => {
    const now = await aboutOf(id);
    return now?.queues["counted"]?.running === 1 && now;
  });
  hold.resolve();
  await core.reaches(held, "COMPLETED");
  expect(about).toEqual({
    pid: process.pid,
    host: hostname(),
    queues: {
      counted: {
        slots: 4,
        running: 1,
        started: 5,
        completed: 1,
        failed: 1,
        retried: 1,
        released: 1,
        runMs: expect.any(Number),
      },
    },
  });
});

test("a worker reports its queues with zeros before it has run anything", async () => {
  const idle = defineJob({ name: "idle", payload, concurrency: 7 });
  const { id } = core.work(defineWorker(idle, async () => {}));
  const about = await until("its first heartbeat", async () => aboutOf(id));
  const zero = { running: 0, started: 0, completed: 0, failed: 0, retried: 0, released: 0, runMs: 0 };
  expect(about.queues).toEqual({ idle: { slots: 7, ...zero } });
});
