import { Gauge } from "@prometheus-io/client";
import type { Sql } from "../../workers/core/index.ts";
import { READING, type QueueOfWorker, type Reading } from "./ledger-sql.ts";
import type { Metrics } from "./registry.ts";

const STATES = ["waiting", "scheduled", "due", "queued", "retrying", "running"] as const;
const CONNECTIONS = ["active", "idle", "idle in transaction"] as const;

/** Milliseconds for which a reading is used again. */
const FRESH = 5_000;
/** A reading is also used for this many times as long as it took: it takes at most a twentieth of one connection. */
const REST = 20;
/** Seconds of a run of a queue of which none has ended. */
const UNKNOWN_RUN = 1;

interface Options {
  sql: Sql;
  /** Every queue, so that one without jobs or workers is 0 and not missing. */
  queues: readonly string[];
  onError(error: Error): void;
}

/**
 * Metrics of the whole system, read from the ledger at a scrape. Every process that has them exports the same values,
 * so that they are there as long as one process is.
 */
export const meterLedger = (
  { registry, beforeScrape }: Pick<Metrics, "registry" | "beforeScrape">,
  { sql, queues, onError }: Options,
): void => {
  const registers = [registry];
  const plain = (name: string, help: string) => new Gauge({ name, help, registers });
  const by = <Label extends string>(labelNames: Label[], name: string, help: string) =>
    new Gauge({ name, help, labelNames, registers });

  const up = plain("offstage_collector_up", "1 if the ledger could be read.");
  const jobs = by(["queue", "state"], "offstage_queue_jobs", "Open jobs by state.");
  const oldest = by(
    ["queue"],
    "offstage_queue_oldest_job_age_seconds",
    "How long the oldest job that has not started has been ready.",
  );
  const dead = by(["queue"], "offstage_dead_letter_jobs", "Failed jobs.");
  const workers = by(["queue"], "offstage_queue_workers", "Live worker processes that serve the queue.");
  const slots = by(["queue"], "offstage_queue_slots", "Runs that these may have in progress at once.");
  const backlog = by(
    ["queue"],
    "offstage_queue_backlog_seconds",
    "Ready jobs × mean seconds of a run ÷ slots of one worker process.",
  );
  const paused = by(["queue"], "offstage_queue_paused", "1 if an operator has paused the queue.");
  const lag = plain("offstage_relay_lag_seconds", "How long the oldest job has waited for a relay.");
  const overdue = plain("offstage_schedules_overdue_seconds", "How late the most overdue schedule is.");
  const connections = by(
    ["state"],
    "offstage_database_connections",
    "Connections of all clients to the database.",
  );
  const most = plain("offstage_database_max_connections", "Connections that the server accepts.");
  const longest = plain(
    "offstage_database_longest_transaction_seconds",
    "Age of the oldest open transaction.",
  );

  const runs = createMeans();
  const show = (reading: Reading): void => {
    for (const { state, count } of reading.connections) connections.set({ state }, count);
    most.set(reading.maxConnections);
    longest.set(reading.longestTransaction);
    overdue.set(reading.overdue ?? 0);
    lag.set(Math.max(0, ...reading.open.map((group) => group.lag ?? 0)));
    for (const queue of queues) {
      const groups = reading.open.filter(({ name }) => name === queue);
      for (const state of STATES)
        jobs.set({ queue, state }, groups.find((group) => group.state === state)?.jobs ?? 0);
      oldest.set({ queue }, Math.max(0, ...groups.map(({ age }) => age ?? 0)));
      dead.set({ queue }, reading.dead.find(({ name }) => name === queue)?.jobs ?? 0);
      const serving = reading.workers.flatMap(({ about }) => about?.queues[queue] ?? []);
      paused.set({ queue }, reading.paused.includes(queue) ? 1 : 0);
      workers.set({ queue }, serving.length);
      slots.set({ queue }, sum(serving.map((each) => each.slots)));
      const { meanRun, slotsOfOne } = runs(queue, serving);
      backlog.set({ queue }, (sum(groups.map(({ ready }) => ready)) * meanRun) / slotsOfOne);
    }
  };

  let next = 0;
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    const began = performance.now();
    try {
      const [row] = await sql<{ reading: Reading }>(READING, []);
      if (row) {
        connections.reset();
        for (const state of CONNECTIONS) connections.set({ state }, 0);
        show(row.reading);
      }
      up.set(1);
    } catch (error) {
      // The other values stay: an alert about them must not end because the database does not respond.
      up.set(0);
      onError(error instanceof Error ? error : new Error(String(error)));
    }
    const took = performance.now() - began;
    next = performance.now() + Math.max(FRESH, REST * took);
  };
  beforeScrape(() => {
    if (performance.now() >= next) reading ??= read().finally(() => (reading = undefined));
    return reading;
  });
};

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/**
 * The mean run of a queue in seconds, over the runs that its live workers have ended, and the slots of one of them.
 * While it has no worker, the last known values: with none running, a queue must still be able to ask for one.
 */
const createMeans = () => {
  const known = new Map<string, { meanRun: number; slotsOfOne: number }>();
  return (queue: string, serving: readonly QueueOfWorker[]) => {
    const last = known.get(queue) ?? { meanRun: UNKNOWN_RUN, slotsOfOne: 1 };
    const ended = sum(serving.map(({ started, running }) => started - running));
    const runSeconds = sum(serving.map(({ runMs = 0 }) => runMs)) / 1_000;
    const now = {
      meanRun: ended > 0 && runSeconds > 0 ? runSeconds / ended : last.meanRun,
      slotsOfOne: serving[0]?.slots ?? last.slotsOfOne,
    };
    known.set(queue, now);
    return now;
  };
};
