import { afterAll, beforeAll, test } from "vitest";
import { z } from "zod";
import { createTracing, type OpenTracing } from "../../infra/tracing.ts";
import { until } from "../../scripts/processes/until.ts";
import {
  defineJob,
  defineWorker,
  replayJobs,
  startCore,
  withOrigin,
  type Core as RunningCore,
  type Run,
  pauseQueue,
  resumeQueue,
} from "../../workers/core/index.ts";
import type { Tx } from "../../infra/database.ts";
import { createCore, type Core } from "../support/core/core.ts";
import { startCollector, type Collector, type ReceivedSpan } from "../support/servers/otlp.ts";

const payload = z.object({ name: z.string() });
const first = defineJob({ name: "first", payload, attempts: 3, backoff: { delay: 10, jitter: 0 } });
const next = defineJob({ name: "next", payload });
const lost = defineJob({ name: "lost", payload });
const works = new Map<string, (run: Run<Tx>) => Promise<unknown>>();

let core: Core;
let collector: Collector;
let tracing: OpenTracing;
let running: RunningCore<Tx>;
beforeAll(async () => {
  core = await createCore();
  collector = await startCollector();
  tracing = createTracing({
    endpoint: collector.url,
    serviceName: "test",
    ratio: 1,
    delay: 50,
    log: core.log,
  });
  running = startCore({
    database: core.database.jobs,
    broker: core.broker,
    log: core.log,
    tracing,
    workers: [
      defineWorker(first, async ({ name }, run) => works.get(name)?.(run)),
      ...[next, lost].map((job) => defineWorker(job, async () => "done")),
    ],
  });
});
afterAll(async () => {
  await running.close(0);
  await tracing.close();
  await collector[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

/** Enqueues a job as a request does that is traced. */
const request = (name: string, work: (run: Run<Tx>) => Promise<unknown>) => {
  works.set(name, work);
  return tracing.during("request", { kind: "server", parent: null }, () =>
    withOrigin({ requestId: name, tracing }, () =>
      running.jobs.transaction(({ enqueue }) => enqueue(first, { name })),
    ),
  );
};

/** The spans of a job in the order in which they ended, when there are as many. */
const spansOf = (id: string, count: number): Promise<ReceivedSpan[]> =>
  until(`${count} spans of ${id}`, async () => {
    const found = collector.spans.filter(({ attributes }) => attributes["messaging.message.id"] === id);
    return found.length >= count && found;
  });
const named = (spans: readonly ReceivedSpan[], name: string) => spans.filter((span) => span.name === name);
const one = (spans: readonly ReceivedSpan[], name: string) => named(spans, name)[0]!;
const placeOf = ({ traceId, spanId }: ReceivedSpan) => ({ traceId, spanId });

test.concurrent(
  "publication and runs are children of the enqueue, and a retry is linked to the run before",
  async ({ expect }) => {
    let failures = 2;
    const id = await request("fails twice", async () => {
      if (failures-- > 0) throw new Error("not yet");
    });
    const spans = await spansOf(id, 5);
    const enqueue = one(spans, "enqueue first");
    const runs = named(spans, "run first");
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(one(spans, "publish first").parentSpanId).toBe(enqueue.spanId);
    expect(runs.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(enqueue.spanId));
    expect(runs.map(({ links }) => links)).toEqual([[], [placeOf(runs[0]!)], [placeOf(runs[1]!)]]);
    expect(runs.map(({ failed }) => failed)).toEqual([true, true, false]);
    expect(runs.map(({ attributes }) => attributes["offstage.job.attempt"])).toEqual([1, 2, 3]);
    expect(runs.map(({ attributes }) => attributes["error.type"])).toEqual(["ours", "ours", undefined]);
  },
);

test.concurrent(
  "follow-ups and jobs that a handler enqueues itself continue its trace",
  async ({ expect }) => {
    const id = await request("continues", async (run) => {
      run.enqueue(next, { name: "follow-up" });
      await running.jobs.transaction(({ enqueue }) => enqueue(next, { name: "own" }));
    });
    const run = one(await spansOf(id, 3), "run first");
    const caused = await core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE "causeId" = $1::uuid`, [id]);
    expect(caused.length).toBe(2);
    for (const job of caused) {
      const spans = await spansOf(job.id, 3);
      expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([run.traceId]));
      expect(one(spans, "enqueue next").parentSpanId).toBe(run.spanId);
    }
  },
);

test.concurrent(
  "a run whose process died is recorded by the next one, which is linked to it",
  async ({ expect }) => {
    const hold = Promise.withResolvers<void>();
    // It runs when the crash is in its row.
    const id = await tracing.during("request", { kind: "server", parent: null }, () =>
      withOrigin({ tracing }, () =>
        running.jobs.transaction(async ({ enqueue, sql }) => {
          works.set("crashes", () => hold.promise);
          const inserted = await enqueue(first, { name: "crashes" });
          await sql(
            `UPDATE "Job" SET "startedAt" = now() - interval '2 seconds', "startedBy" = 'a dead process' WHERE id = $1::uuid`,
            [inserted],
          );
          return inserted;
        }),
      ),
    );
    hold.resolve();
    const spans = await spansOf(id, 4);
    const [crashed, run] = named(spans, "run first");
    const { spanId } = one(spans, "enqueue first");
    expect(crashed).toMatchObject({ failed: true, parentSpanId: spanId });
    expect(crashed!.attributes["offstage.job.outcome"]).toBe("crashed");
    expect(crashed!.ms).toBeGreaterThanOrEqual(2_000);
    expect(run).toMatchObject({ parentSpanId: spanId, links: [placeOf(crashed!)] });
    expect(run!.attributes["offstage.job.crashes"]).toBe(1);
  },
);

test.concurrent(
  "a replay after more than an hour begins a trace, linked to the enqueue and to the last run",
  async ({ expect }) => {
    let isBroken = true;
    const id = await request("is replayed", async () => {
      if (isBroken) throw new Error("broken");
    });
    await core.reaches(id, "FAILED");
    isBroken = false;
    await core.sql(`UPDATE "Job" SET "createdAt" = now() - interval '61 minutes' WHERE id = $1::uuid`, [id]);
    await core.database.jobs.transaction((_tx, sql) => replayJobs(sql, [id]));
    const spans = await spansOf(id, 6);
    const runs = named(spans, "run first");
    const enqueue = one(spans, "enqueue first");
    expect(runs[3]!.traceId).not.toBe(enqueue.traceId);
    expect(runs[3]!.parentSpanId).toBeUndefined();
    expect(runs[3]!.links).toEqual([placeOf(enqueue), placeOf(runs[2]!)]);
    expect(named(spans, "publish first").map(({ traceId }) => traceId)).toEqual([enqueue.traceId]);
  },
);

test.concurrent(
  "each job of a batch has a trace of its own, linked to the enqueue of all of them",
  async ({ expect }) => {
    const batch = { id: "019a0000-0000-7000-8000-000000000001", name: "all" };
    await tracing.during("request", { kind: "server", parent: null }, () =>
      withOrigin({ tracing }, () =>
        running.jobs.transaction(({ enqueueMany }) =>
          enqueueMany(next, [{ payload: { name: "1" } }, { payload: { name: "2" } }], { batch }),
        ),
      ),
    );
    const enqueue = await until("the enqueue", async () =>
      collector.spans.find(({ attributes }) => attributes["messaging.batch.message_count"] === 2),
    );
    const jobs = await core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE "batchId" = $1::uuid`, [
      batch.id,
    ]);
    const runs = await Promise.all(jobs.map(async ({ id }) => one(await spansOf(id, 1), "run next")));
    expect(runs.map(({ links }) => links)).toEqual([[placeOf(enqueue)], [placeOf(enqueue)]]);
    expect(new Set([enqueue, ...runs].map(({ traceId }) => traceId)).size).toBe(3);
  },
);

test.concurrent(
  "a job that the broker lost continues its trace with the next publication",
  async ({ expect }) => {
    await until("the first sweep is done", () => core.broker.marks.isSet("whole"));
    await pauseQueue(core.sql, "lost", "test");
    await until("the worker knows", async () =>
      core.logged.some(({ message }) => message === "paused queues"),
    );
    const id = await tracing.during("request", { kind: "server", parent: null }, () =>
      withOrigin({ tracing }, () =>
        running.jobs.transaction(({ enqueue }) => enqueue(lost, { name: "lost" })),
      ),
    );
    await core.reaches(id, "PUBLISHED");
    await (await core.broker.queue("lost").getJob(`${id}-1`))?.remove();
    await core.sql(`UPDATE "Job" SET "dueAt" = now() WHERE id = $1::uuid`, [id]);
    await until("the next epoch", async () => (await core.row(id)).epoch === 2);
    await resumeQueue(core.sql, "lost");
    const spans = await spansOf(id, 4);
    const epochs = named(spans, "publish lost").map(({ attributes }) => attributes["offstage.job.epoch"]);
    expect(epochs).toEqual([1, 2]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  },
);

test.concurrent("a job that was enqueued outside of a trace begins one with its run", async ({ expect }) => {
  works.set("alone", async () => {});
  const id = await running.jobs.transaction(({ enqueue }) => enqueue(first, { name: "alone" }));
  const [run] = await spansOf(id, 1);
  expect(run).toMatchObject({ name: "run first", links: [] });
  expect(run!.parentSpanId).toBeUndefined();
  const [row] = await core.sql<{ traceparent: null }>(`SELECT traceparent FROM "Job" WHERE id = $1::uuid`, [
    id,
  ]);
  expect(row).toEqual({ traceparent: null });
});

test.concurrent(
  "the log line of a run has the ids of its request, its job and its trace",
  async ({ expect }) => {
    const id = await request("is logged", async () => {});
    const run = one(await spansOf(id, 3), "run first");
    expect(core.logged.find(({ fields }) => fields["id"] === id)?.fields).toMatchObject({
      requestId: "is logged",
      traceId: run.traceId,
    });
  },
);
