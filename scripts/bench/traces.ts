import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { createTracing, type OpenTracing } from "../../infra/tracing.ts";
import * as own from "../../workers/core/index.ts";
import { onFreshStores, silent, type Stores } from "./core/stores.ts";
import { trivial } from "./core/trivial-job.ts";
import { ratioFigure, type Measurement } from "./findings.ts";
import { perSecond, runRounds } from "./rounds.ts";
import { median, ratios } from "./statistics.ts";

const CONCURRENCY = 32;
const ROUNDS = { full: 9, quick: 2 };
const MS = 800;
const JOBS = 2_000;

/** What is compared: core of this or of another checkout, with or without tracing. */
interface Side {
  readonly core: typeof own;
  readonly tracing?: OpenTracing;
}
type Rate = (stores: Stores, side: Side) => Promise<number>;

const job = own.defineJob({ ...trivial, concurrency: CONCURRENCY });

/** Runs `work` as a request does. */
const asRequest = <Result>({ core, tracing }: Side, work: () => Promise<Result>): Promise<Result> => {
  if (!tracing) return core.withOrigin({ requestId: "bench" }, work);
  return tracing.during("POST /bench", { kind: "server", parent: null }, () =>
    core.withOrigin({ requestId: "bench", tracing }, work),
  );
};

const enqueueRate: Rate = async ({ database }, side) => {
  const jobs = side.core.createJobs(database.jobs, () => {});
  const enqueueOne = (n: number) =>
    asRequest(side, () => jobs.transaction(({ enqueue }) => enqueue(job, { n })));
  await perSecond(MS / 4, CONCURRENCY, enqueueOne);
  return perSecond(MS, CONCURRENCY, enqueueOne);
};

/** The jobs are in the ledger when the relay and the worker start. */
const processRate: Rate = async ({ database, broker }, side) => {
  const { createJobs, defineWorker, startCore } = side.core;
  const items = Array.from({ length: JOBS }, (_, n) => ({ payload: { n } }));
  const jobs = createJobs(database.jobs, () => {});
  await asRequest(side, () => jobs.transaction(({ enqueueMany }) => enqueueMany(job, items)));
  const { promise: done, resolve: end } = Promise.withResolvers<void>();
  let left = JOBS;
  const startedAt = performance.now();
  const running = startCore({
    ...{ database: database.jobs, broker, log: silent, tracing: side.tracing },
    workers: [defineWorker(job, async () => "done")],
    observe: ({ outcome }) => void (outcome === "completed" && --left === 0 && end()),
  });
  await done;
  const ms = performance.now() - startedAt;
  await running.close(1_000);
  return (JOBS * 1_000) / ms;
};

/** Compares jobs with traces with jobs without, and those with another checkout, in the folder BASELINE. */
const compare =
  (figure: string, title: string, rate: Rate): Measurement =>
  async (servers, extent) => {
    await using cleanups = new AsyncDisposableStack();
    const endpoint = cleanups.use(await startSink()).url;
    const tracing = createTracing({ endpoint, serviceName: "bench", ratio: 1, log: silent });
    cleanups.defer(tracing.close);
    const baseline = await coreOf(process.env["BASELINE"]);
    const on = (side: Side) => onFreshStores(servers, "postgres", (stores) => rate(stores, side));
    const rates = await runRounds(ROUNDS[extent], {
      baseline: baseline && on({ core: baseline }),
      off: on({ core: own }),
      on: on({ core: own, tracing }),
    });
    const row = (label: string, values: number[]) => [
      label,
      values.length === 0 ? "–" : Math.round(median(values)).toLocaleString("en-US"),
      values.length === 0 ? "–" : median(ratios(values, rates.off)).toFixed(2),
    ];
    return {
      title,
      columns: ["", "per second", "ratio"],
      rows: [
        row("without traces", rates.off),
        row("with traces, sent to a collector that discards them", rates.on),
        row("the checkout in BASELINE", rates.baseline),
      ],
      figures: [
        ratioFigure(`traces_on_${figure}_vs_off`, rates.on, rates.off),
        ratioFigure(`traces_off_${figure}_vs_baseline`, rates.off, rates.baseline),
      ],
    };
  };

const coreOf = async (folder: string | undefined): Promise<typeof own | undefined> =>
  folder ? ((await import(join(resolve(folder), "workers/core/index.ts"))) as typeof own) : undefined;

/** A collector that reads exports and discards them. */
const startSink = async () => {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end("{}"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const CALLS = { full: 1_000_000, quick: 100_000 };

/** Measures the code around an enqueue if nothing is traced: a job passes through it once. */
const measureOff: Measurement = async (_servers, extent) => {
  const calls = CALLS[extent];
  const insert = async () => {};
  const nanoseconds = async (call: () => Promise<void>) => {
    const startedAt = performance.now();
    for (let n = 0; n < calls; n++) await call();
    return ((performance.now() - startedAt) * 1e6) / calls;
  };
  const traced = () =>
    own.traced(
      `enqueue ${job.name}`,
      { kind: "producer", attributes: own.jobAttributes("create", job.name, "id") },
      insert,
    );
  const times = await own.withOrigin({ requestId: "bench" }, () =>
    runRounds(ROUNDS[extent], { bare: () => nanoseconds(insert), traced: () => nanoseconds(traced) }),
  );
  const value = median(times.traced.map((time, round) => time - (times.bare[round] ?? NaN)));
  return {
    title: "Traces: what the code for them costs an enqueue while they are off",
    columns: ["", "ns"],
    rows: [["for each job", value.toFixed(0)]],
    figures: [{ name: "traces_off_ns", value, target: { max: 1_000 } }],
  };
};

export const traces: readonly Measurement[] = [
  measureOff,
  compare("enqueue", `Traces: jobs enqueued per second, ${CONCURRENCY} at a time`, enqueueRate),
  compare("process", "Traces: trivial jobs done per second, relay and worker in one process", processRate),
];
