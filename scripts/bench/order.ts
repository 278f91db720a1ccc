import { createJobs, defineJob, defineWorker, startRelay } from "../../workers/core/index.ts";
import { startWorkers } from "../../workers/core/worker.ts";
import { silent, onFreshStores, type BrokerKind, type Stores } from "./core/stores.ts";
import { trivial } from "./core/trivial-job.ts";
import { ratioFigure, type Findings, type Measurement } from "./findings.ts";
import { perSecond, runRounds } from "./rounds.ts";
import { median, ratios } from "./statistics.ts";
import type { Servers } from "./servers.ts";

const CONCURRENCY = 32;
const ROUNDS = { full: 5, quick: 2 };
const MS = 800;
/** Jobs that are processed in one sample, and in one of a single key, which takes one after the other. */
const JOBS = 2_000;
const JOBS_OF_ONE_KEY = 300;
const KEYS = 500;

/** How many ordering keys the jobs have, in turn: none, many, or the same one. */
type Keys = 0 | typeof KEYS | 1;

const ordered = (keys: Keys) =>
  defineJob({
    ...trivial,
    concurrency: CONCURRENCY,
    ...(keys > 0 && { order: ({ n }: { n: number }) => `${n % keys}` }),
  });

/** Compares jobs with an ordering key with jobs without. */
const measureEnqueue: Measurement = async (servers, extent) => {
  const candidate = (keys: Keys) =>
    onFreshStores(servers, "postgres", ({ database }) => {
      const jobs = createJobs(database.jobs, () => {});
      const job = ordered(keys);
      return perSecond(MS, CONCURRENCY, (n) => jobs.transaction(({ enqueue }) => enqueue(job, { n })));
    });
  const rates = await runRounds(ROUNDS[extent], {
    plain: candidate(0),
    many: candidate(KEYS),
    one: candidate(1),
  });
  return describe(`Ordering: jobs enqueued per second, ${CONCURRENCY} at a time`, "enqueue", rates);
};

const measureProcess =
  (kind: BrokerKind): Measurement =>
  async (servers, extent) => {
    const rates = await runRounds(ROUNDS[extent], {
      plain: candidateFor(servers, kind, 0, JOBS),
      many: candidateFor(servers, kind, KEYS, JOBS),
      one: candidateFor(servers, kind, 1, JOBS_OF_ONE_KEY),
    });
    const name = kind === "redis" ? "Redis" : "PostgreSQL";
    const title = `Ordering: trivial jobs done per second on ${name}, relay and worker in one process`;
    return describe(title, `process_${kind}`, rates);
  };

const candidateFor = (servers: Servers, kind: BrokerKind, keys: Keys, count: number) =>
  onFreshStores(servers, kind, (stores) => rateOf(stores, keys, count));

/** The jobs are in the ledger when the relay and the worker start. */
const rateOf = async ({ database, broker }: Stores, keys: Keys, count: number): Promise<number> => {
  const job = ordered(keys);
  const jobs = createJobs(database.jobs, () => {});
  const items = Array.from({ length: count }, (_, n) => ({ payload: { n } }));
  await jobs.transaction(({ enqueueMany }) => enqueueMany(job, items));
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let left = count;
  const startedAt = performance.now();
  const relay = startRelay(database.jobs.sql, broker, silent);
  const workers = startWorkers({
    ...{ database: database.jobs, broker, workers: [defineWorker(job, async () => "done")], log: silent },
    observe: ({ outcome }) => void (outcome === "completed" && --left === 0 && resolve()),
    nudge: relay.nudge,
  });
  await done;
  const ms = performance.now() - startedAt;
  await workers.close(1_000);
  await relay.close();
  return (count * 1_000) / ms;
};

const describe = (
  title: string,
  figure: string,
  rates: Record<"plain" | "many" | "one", number[]>,
): Findings => {
  const row = (label: string, values: number[]) => [
    label,
    Math.round(median(values)).toLocaleString("en-US"),
    median(ratios(values, rates.plain)).toFixed(2),
  ];
  return {
    title,
    columns: ["", "per second", "ratio"],
    rows: [
      row("without an ordering key", rates.plain),
      row(`${KEYS} keys`, rates.many),
      row("one key for all", rates.one),
    ],
    figures: [
      ratioFigure(`ordered_${figure}_vs_plain`, rates.many, rates.plain),
      { name: `ordered_${figure}_one_key_per_second`, value: median(rates.one) },
    ],
  };
};

/** Measures what ordering keys cost. */
export const order: readonly Measurement[] = [
  measureEnqueue,
  measureProcess("postgres"),
  measureProcess("redis"),
];
