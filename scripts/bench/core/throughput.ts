import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { createJobs, startRelay, type Sql } from "../../../workers/core/index.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { runRounds } from "../rounds.ts";
import { median, ratios } from "../statistics.ts";
import { startWorkerPool, type WorkerPool } from "./worker-pool.ts";
import { onFreshStores, silent, type BrokerKind, type Stores } from "./stores.ts";
import type { Side } from "./throughput-worker.ts";
import { trivial } from "./trivial-job.ts";

const ROUNDS = { full: 3, quick: 1 };
const CONCURRENCIES = [16, 64, 256] as const;
const PROCESSES = [1, 2] as const;
/** About one second of work for each side in a full run, and about half of that in a quick one. */
const JOBS = {
  full: { redis: { ours: 10_000, raw: 20_000 }, postgres: { ours: 3_000, raw: 3_000 } },
  quick: { redis: { ours: 4_000, raw: 8_000 }, postgres: { ours: 1_500, raw: 1_500 } },
};
/** Jobs per transaction, or per `addBulk`. Divides every number in JOBS. */
const CHUNK = 500;

/** One point of the throughput curve. */
interface Point {
  /** Per process. */
  readonly concurrency: number;
  readonly processes: number;
}

const points: readonly Point[] = CONCURRENCIES.flatMap((concurrency) =>
  PROCESSES.map((processes) => ({ concurrency, processes })),
);

type Key = `${Side} ${BrokerKind} ${number} ${number}`;

const keyOf = (side: Side, kind: BrokerKind, { concurrency, processes }: Point): Key =>
  `${side} ${kind} ${concurrency} ${processes}`;

/** Compares the rate at which worker processes complete waiting jobs with that of BullMQ alone. */
export const measureThroughput: Measurement = async (servers, extent) => {
  await using cleanups = new AsyncDisposableStack();
  const candidates: Record<Key, (() => Promise<number>) | undefined> = {};
  for (const kind of ["redis", "postgres"] as const) {
    // The two sides do not share processes, so that each process is optimized for one of them, as in production.
    const pools = {
      ours: cleanups.use(await startWorkerPool(2)),
      raw: cleanups.use(await startWorkerPool(2)),
    };
    for (const point of points) {
      for (const side of ["raw", "ours"] as const) {
        const measure = measurePoint(pools[side], side, point, JOBS[extent][kind][side]);
        candidates[keyOf(side, kind, point)] = onFreshStores(servers, kind, measure);
      }
    }
  }
  const rates = await runRounds(ROUNDS[extent], candidates);

  const ratesOf = (side: Side, kind: BrokerKind, point: Point) => rates[keyOf(side, kind, point)] ?? [];
  const cells = (kind: BrokerKind, point: Point) => {
    const [ours, raw] = [ratesOf("ours", kind, point), ratesOf("raw", kind, point)];
    return [describeRate(ours), describeRate(raw), describeRatio(median(ratios(ours, raw)))];
  };
  const ratio = (name: string, kind: BrokerKind, point: Point, min: number) =>
    ratioFigure(name, ratesOf("ours", kind, point), ratesOf("raw", kind, point), min);
  return {
    title: "Work: trivial jobs per second, ours and BullMQ alone",
    columns: ["", ...["Redis", "PostgreSQL"].flatMap((name) => [`${name}: ours`, "BullMQ", "ratio"])],
    rows: points.map((point) => [
      `${point.concurrency} at a time in ${point.processes === 1 ? "1 process" : "each of 2 processes"}`,
      ...cells("redis", point),
      ...cells("postgres", point),
    ]),
    figures: [
      ratio("process_vs_raw_redis", "redis", BASE, 0.5),
      ratio("process_vs_raw_redis_256", "redis", { concurrency: 256, processes: 1 }, 0.6),
      ratio("process_vs_raw_postgres", "postgres", BASE, 0.8),
      { name: "process_per_second_redis", value: median(ratesOf("ours", "redis", BASE)) },
      { name: "process_per_second_postgres", value: median(ratesOf("ours", "postgres", BASE)) },
    ],
  };
};

/** The point of the main figures. */
const BASE: Point = { concurrency: 64, processes: 1 };

const describeRate = (values: readonly number[]): string =>
  values.length === 0 ? "–" : Math.round(median(values)).toLocaleString("en-US");

const describeRatio = (value: number): string => (Number.isNaN(value) ? "–" : value.toFixed(2));

const measurePoint =
  (pool: WorkerPool, side: Side, { concurrency, processes }: Point, jobs: number) =>
  async (stores: Stores): Promise<number> => {
    await prepare[side](stores, jobs);
    const rate = await pool.processJobs({ env: stores.env, side, concurrency }, processes, jobs);
    if (side === "ours") await checkThatAllCompleted(stores.database.jobs.sql, jobs);
    return rate;
  };

/** Fills the broker with waiting jobs before the measurement. */
const prepare: Record<Side, (stores: Stores, jobs: number) => Promise<void>> = {
  raw: async ({ broker }, jobs) => {
    const queue = broker.queue(trivial.name);
    for (let chunk = 0; chunk < jobs; chunk += CHUNK) {
      const job = (_: unknown, index: number) => ({
        name: trivial.name,
        data: { n: chunk + index },
        opts: { jobId: `${uuidv7()}-1`, removeOnComplete: true },
      });
      await queue.addBulk(Array.from({ length: CHUNK }, job));
    }
  },
  ours: async ({ database, broker }, count) => {
    const jobs = createJobs(database.jobs, () => {});
    const insertChunk = (_: unknown, chunk: number) =>
      jobs.transaction(async ({ enqueue }) => {
        for (let n = 0; n < CHUNK; n++) await enqueue(trivial, { n: chunk * CHUNK + n });
      });
    await Promise.all(Array.from({ length: count / CHUNK }, insertChunk));
    const relay = startRelay(database.jobs.sql, broker, silent);
    while ((await countJobs(database.jobs.sql, "PENDING")) > 0) await sleep(50);
    await relay.close();
  },
};

/** @throws Error if the ledger does not have all jobs as COMPLETED */
const checkThatAllCompleted = async (sql: Sql, jobs: number): Promise<void> => {
  const completed = await countJobs(sql, "COMPLETED");
  if (completed !== jobs) throw new Error(`${completed} of ${jobs} jobs are COMPLETED in the ledger`);
};

const countJobs = async (sql: Sql, state: string): Promise<number> => {
  const [row] = await sql<{ jobs: number }>(
    `SELECT count(*)::int AS jobs FROM "Job" WHERE state = $1::"JobState"`,
    [state],
  );
  return row?.jobs ?? 0;
};
