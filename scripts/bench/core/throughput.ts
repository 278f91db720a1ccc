import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { createJobs, startRelay, type Sql } from "../../../workers/core/index.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { compete } from "../rounds.ts";
import { median, ratios } from "../statistics.ts";
import { startCrew, type Crew } from "./crew.ts";
import { onFreshStores, silent, type BrokerKind, type Stores } from "./stores.ts";
import type { Side } from "./throughput-worker.ts";
import { trivial } from "./trivial-job.ts";

const ROUNDS = { full: 3, quick: 1 };
const CONCURRENCIES = [16, 64, 256] as const;
const PROCESSES = [1, 2] as const;
/** About a second of work for each side; a third of it in a quick run. */
const JOBS = {
  full: { redis: { ours: 10_000, raw: 20_000 }, postgres: { ours: 3_000, raw: 3_000 } },
  quick: { redis: { ours: 4_000, raw: 8_000 }, postgres: { ours: 1_500, raw: 1_500 } },
};
const CHUNK = 500;

/** A point of the curve. */
interface Point {
  readonly concurrency: number;
  readonly processes: number;
}

const points: readonly Point[] = CONCURRENCIES.flatMap((concurrency) =>
  PROCESSES.map((processes) => ({ concurrency, processes })),
);

type Key = `${Side} ${BrokerKind} ${number} ${number}`;

const keyOf = (side: Side, kind: BrokerKind, { concurrency, processes }: Point): Key =>
  `${side} ${kind} ${concurrency} ${processes}`;

/** How many waiting jobs per second worker processes work off, compared with BullMQ alone. */
export const measureThroughput: Measurement = async (servers, extent) => {
  await using cleanups = new AsyncDisposableStack();
  const contestants: Record<Key, (() => Promise<number>) | undefined> = {};
  for (const kind of ["redis", "postgres"] as const) {
    // Each kind of work has processes that do nothing else, as in production.
    const crews = { ours: cleanups.use(await startCrew(2)), raw: cleanups.use(await startCrew(2)) };
    for (const point of points) {
      for (const side of ["raw", "ours"] as const) {
        const measure = measurePoint(crews[side], side, point, JOBS[extent][kind][side]);
        contestants[keyOf(side, kind, point)] = onFreshStores(servers, kind, measure);
      }
    }
  }
  const rates = await compete(ROUNDS[extent], contestants);

  const ratesOf = (side: Side, kind: BrokerKind, point: Point) => rates[keyOf(side, kind, point)] ?? [];
  const cells = (kind: BrokerKind, point: Point) => {
    const [ours, raw] = [ratesOf("ours", kind, point), ratesOf("raw", kind, point)];
    return [describeRate(ours), describeRate(raw), describeRatio(median(ratios(ours, raw)))];
  };
  const ratio = (name: string, kind: BrokerKind, point: Point, least: number) =>
    ratioFigure(name, ratesOf("ours", kind, point), ratesOf("raw", kind, point), least);
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

/** The point by which runs are compared. */
const BASE: Point = { concurrency: 64, processes: 1 };

const describeRate = (values: readonly number[]): string =>
  values.length === 0 ? "–" : Math.round(median(values)).toLocaleString("en-US");

const describeRatio = (value: number): string => (Number.isNaN(value) ? "–" : value.toFixed(2));

const measurePoint =
  (crew: Crew, side: Side, { concurrency, processes }: Point, jobs: number) =>
  async (stores: Stores): Promise<number> => {
    await prepare[side](stores, jobs);
    const rate = await crew.work({ env: stores.env, side, concurrency }, processes, jobs);
    if (side === "ours") await checkThatAllCompleted(stores.database.jobs.sql, jobs);
    return rate;
  };

/** Fill the broker with waiting jobs, which do not count as work. */
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

const checkThatAllCompleted = async (sql: Sql, jobs: number): Promise<void> => {
  const completed = await countJobs(sql, "COMPLETED");
  if (completed !== jobs) throw new Error(`the ledger has ${completed} of ${jobs} jobs as completed`);
};

const countJobs = async (sql: Sql, state: string): Promise<number> => {
  const [row] = await sql<{ jobs: number }>(
    `SELECT count(*)::int AS jobs FROM "Job" WHERE state = $1::"JobState"`,
    [state],
  );
  return row?.jobs ?? 0;
};
