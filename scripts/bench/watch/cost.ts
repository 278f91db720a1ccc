import { ratioFigure, type Measurement } from "../findings.ts";
import { runRounds } from "../rounds.ts";
import { median } from "../statistics.ts";
import { startSystem, type System } from "./system.ts";
import { openViewers } from "./viewers.ts";

const ROUNDS = { full: 7, quick: 3 };
const JOBS = { full: 8_000, quick: 3_000 };
const VIEWERS = 5;

/** Compares the jobs per second that a system does while its live page is open with those while it is not. */
export const measureCost: Measurement = async (servers, extent) => {
  await using system = await startSystem(servers, { logStatements: false });
  const rates = await runRounds(ROUNDS[extent], {
    unwatched: () => system.flow(JOBS[extent]),
    watched: () => flowWatched(system, JOBS[extent]),
  });
  const row = (label: string, values: readonly number[]) => [
    label,
    Math.round(median(values)).toLocaleString("en"),
  ];
  return {
    title: `Live page: demo tasks per second, enqueued and done, with ${VIEWERS} viewers and without`,
    columns: ["", "jobs per second"],
    rows: [row("without viewers", rates.unwatched), row(`with ${VIEWERS} viewers`, rates.watched)],
    figures: [ratioFigure("watch_throughput_ratio", rates.watched, rates.unwatched, 0.97)],
  };
};

const flowWatched = async (system: System, jobs: number): Promise<number> => {
  const viewers = await openViewers(system.url, VIEWERS);
  const rate = await system.flow(jobs);
  for (const viewer of viewers) viewer[Symbol.dispose]();
  return rate;
};
