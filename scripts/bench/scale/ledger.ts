import { v7 as uuidv7 } from "uuid";
import { READING } from "../../../infra/metrics/ledger-sql.ts";
import { createJobs, type Sql } from "../../../workers/core/index.ts";
import { openStores, type Stores } from "../core/stores.ts";
import { trivial } from "../core/trivial-job.ts";
import { startWorkerPool, type WorkerPool } from "../core/worker-pool.ts";
import { ratioFigure, type Figure, type Measurement } from "../findings.ts";
import { perSecond } from "../rounds.ts";
import { median, ratios } from "../statistics.ts";
import { publishWaiting } from "./waiting-jobs.ts";

const ROWS = { full: [1_000, 100_000, 1_000_000, 10_000_000], quick: [1_000, 100_000, 1_000_000] };
const ROUNDS = { full: 3, quick: 2 };
const JOBS = { full: 10_000, quick: 4_000 };
const ENQUEUE_MS = 1_000;
/** Rows per statement, which must end within the timeout of the pool. */
const CHUNK = 50_000;

interface Costs {
  enqueue: number[];
  process: number[];
  reading: number[];
}

/**
 * Compares the cost of a job in a ledger that grows to that in an almost empty one: the rates of enqueueing and of
 * doing, in turn, and the time of the query of the metrics.
 */
export const measureLedger: Measurement = async (servers, extent) => {
  await using pool = await startWorkerPool(1);
  const kind = servers.redisUrl ? "redis" : "postgres";
  await using small = await openStores(servers, kind);
  await using large = await openStores(servers, kind);
  const rows: string[][] = [];
  const figures: Figure[] = [];
  let filled = 0;
  await measureCosts(small, pool, JOBS[extent]); // compiles the code, and fills caches
  for (const size of ROWS[extent]) {
    await fill(large, filled, size);
    filled = size;
    const [base, costs] = [emptyCosts(), emptyCosts()];
    for (let round = 0; round < ROUNDS[extent]; round++) {
      add(base, await measureCosts(small, pool, JOBS[extent]));
      add(costs, await measureCosts(large, pool, JOBS[extent]));
    }
    const ratioOf = (field: keyof Costs) => median(ratios(costs[field], base[field])).toFixed(2);
    rows.push([
      size.toLocaleString("en-US"),
      Math.round(median(costs.enqueue)).toLocaleString("en-US"),
      ratioOf("enqueue"),
      Math.round(median(costs.process)).toLocaleString("en-US"),
      ratioOf("process"),
      median(costs.reading).toFixed(1),
    ]);
    if (size !== ROWS[extent].at(-1)) continue;
    figures.push(
      ratioFigure("enqueue_large_ledger_vs_small", costs.enqueue, base.enqueue, 0.9),
      ratioFigure("process_large_ledger_vs_small", costs.process, base.process, 0.9),
      { name: "metrics_query_large_ledger_ms", value: median(costs.reading) },
    );
  }
  return {
    title: "Scale: jobs per second by the size of the ledger, and the query of the metrics",
    columns: ["finished jobs", "enqueued", "to few", "done", "to few", "query ms"],
    rows,
    figures,
  };
};

const emptyCosts = (): Costs => ({ enqueue: [], process: [], reading: [] });

const add = (costs: Costs, more: Record<keyof Costs, number>): void => {
  for (const field of Object.keys(costs) as (keyof Costs)[]) costs[field].push(more[field]);
};

const measureCosts = async (stores: Stores, pool: WorkerPool, jobs: number) => {
  const { sql } = stores.database.jobs;
  const { transaction } = createJobs(stores.database.jobs, () => {});
  const signUp = (n: number) =>
    transaction(async ({ tx, enqueue }) => {
      await tx.user.create({ data: { email: `${uuidv7()}@example.com`, name: "Ada", passwordHash: "x" } });
      await enqueue(trivial, { n });
    });
  const enqueue = await perSecond(ENQUEUE_MS, 20, signUp);
  // These are not done, so that both ledgers have as many to do.
  await sql(`DELETE FROM "Job" WHERE state = 'PENDING'`, []);
  await publishWaiting(stores, jobs);
  const task = { env: stores.env, side: "ours", concurrency: 64 } as const;
  const process = await pool.processJobs(task, 1, jobs);
  const began = performance.now();
  await sql(READING, []);
  return { enqueue, process, reading: performance.now() - began };
};

/** Adds finished jobs of the last week, one in a thousand of them in the dead letter, until there are `size`. */
const fill = async ({ database: { jobs } }: Stores, from: number, size: number): Promise<void> => {
  const { sql } = jobs;
  for (let done = from; done < size; done += CHUNK)
    await insertFinished(sql, done, Math.min(CHUNK, size - done));
  await sql(`ANALYZE "Job"`, []);
};

const insertFinished = (sql: Sql, from: number, count: number) =>
  sql(
    `INSERT INTO "Job" (id, name, payload, state, "createdAt", "readyAt", "dueAt", "publishedAt", "startedAt", "startedBy",
                        "finishedAt", result, error, history)
     SELECT uuidv7(-(interval '7 days') * (1 - ($1::int8 + n) / 1e7)), 'trivial', jsonb_build_object('n', n),
            (CASE WHEN n % 1000 = 0 THEN 'FAILED' ELSE 'COMPLETED' END)::"JobState", at, at, at, at, at, 'filled', at,
            '"done"', CASE WHEN n % 1000 = 0 THEN 'Error: no' END, '[]'
     FROM generate_series(1, $2::int8) n, LATERAL (SELECT now() - interval '7 days' * (1 - ($1::int8 + n) / 1e7) AS at) moment`,
    [from, count],
  );
