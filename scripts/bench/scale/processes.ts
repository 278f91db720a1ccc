import { startWorkerPool } from "../core/worker-pool.ts";
import { onFreshStores, type BrokerKind } from "../core/stores.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { runRounds } from "../rounds.ts";
import { rateCells } from "./rate-cells.ts";
import { publishWaiting } from "./waiting-jobs.ts";

const PROCESSES = [1, 2, 4, 8] as const;
const CONCURRENCY = 64;
const ROUNDS = { full: 3, quick: 1 };
const JOBS = { full: { redis: 20_000, postgres: 6_000 }, quick: { redis: 8_000, postgres: 3_000 } };

/** Compares the rate of trivial jobs, which wait in the broker, of several worker processes to that of one. */
export const measureProcesses: Measurement = async (servers, extent) => {
  await using pool = await startWorkerPool(Math.max(...PROCESSES));
  const candidates: Record<string, (() => Promise<number>) | undefined> = {};
  for (const kind of ["redis", "postgres"] as const)
    for (const processes of PROCESSES) {
      const jobs = JOBS[extent][kind];
      candidates[`${kind} ${processes}`] = onFreshStores(servers, kind, async (stores) => {
        await publishWaiting(stores, jobs);
        return pool.processJobs({ env: stores.env, side: "ours", concurrency: CONCURRENCY }, processes, jobs);
      });
    }
  const rates = await runRounds(ROUNDS[extent], candidates);
  const of = (kind: BrokerKind, processes: number) => rates[`${kind} ${processes}`] ?? [];
  return {
    title: `Scale: trivial jobs per second, ${CONCURRENCY} at a time in each worker process`,
    columns: ["", "Redis", "to one", "PostgreSQL", "to one"],
    rows: PROCESSES.map((processes) => [
      `${processes} ${processes === 1 ? "process" : "processes"}`,
      ...rateCells(of("redis", processes), of("redis", 1)),
      ...rateCells(of("postgres", processes), of("postgres", 1)),
    ]),
    figures: (["redis", "postgres"] as const).map((kind) =>
      ratioFigure(`scale_8_processes_${kind}`, of(kind, 8), of(kind, 1)),
    ),
  };
};
