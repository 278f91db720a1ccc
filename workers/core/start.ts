import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "./broker.ts";
import { createJobs, type Database, type Jobs } from "./enqueue.ts";
import type { Worker } from "./job.ts";
import { throttledWarn, type Log } from "./log.ts";
import { logRuns, observeWith, type Observe } from "./outcome.ts";
import { startPrune } from "./prune.ts";
import { startRelay } from "./relay.ts";
import { checkWritable } from "./session.ts";
import { startWaitingCheck, startSweep } from "./sweep.ts";
import type { WorkerAbout } from "./tally.ts";
import { startWorkers, type RunningWorkers, type WorkersOptions } from "./worker.ts";
import type { Tracing } from "./trace.ts";

export interface CoreOptions<Tx> extends Pick<
  WorkersOptions<Tx>,
  "lockDuration" | "stalledInterval" | "stuckAfter" | "onStuck"
> {
  database: Database<Tx>;
  broker: Broker;
  log: Log;
  /** Without them the process only enqueues and publishes, as an API does. */
  workers?: readonly Worker<Tx>[];
  /** Receives the end of every run, after the log. */
  observe?: Observe;
  /** Traces publications and runs. */
  tracing?: Tracing | undefined;
}

/** Everything about jobs that runs in one process. */
export interface Core<Tx> {
  readonly jobs: Jobs<Tx>;
  /** Resolves with the process's worker id when its workers run: when the database and the broker have responded. */
  readonly working: Promise<string>;
  /** What the process does for each queue, and the queues whose consumer is stuck; undefined before `working`. */
  health(): { about: WorkerAbout; stuck: string[] } | undefined;
  /**
   * Stops in order: workers, sweep, flow check, pruning, relay. Running jobs get `grace` ms to finish and are then
   * released. The caller closes the broker and the database afterwards.
   */
  close(grace: number): Promise<void>;
}

/**
 * Starts what a process needs: the relay, and with `workers` the consumers, the sweep, the flow check and pruning.
 * @throws TypeError when two workers have the same job
 */
export const startCore = <Tx>(options: CoreOptions<Tx>): Core<Tx> => {
  const { database, broker, log, workers, tracing } = options;
  const { sql } = database;
  refuseTwins(workers ?? []);
  // Batches are left to the processes that work on jobs.
  const relay = startRelay(sql, broker, log, { batches: workers !== undefined, tracing });
  const stopping = new AbortController();
  const observe = observeWith(log, [logRuns(log), ...(options.observe ? [options.observe] : [])]);

  // Without workers too, so that a process learns at its start that it cannot use one of them.
  const reached = untilReachable([() => checkWritable(sql), broker.ping], log, stopping.signal);

  let consumers: RunningWorkers | undefined;
  const start = async (chosen: readonly Worker<Tx>[]) => {
    // BullMQ's consumers never recover if their server is unavailable when they start.
    await reached;
    if (stopping.signal.aborted) return undefined;
    const shared = { sql, broker, log, observe, tracing, nudge: relay.nudge };
    const tasks = [startSweep(shared), startWaitingCheck(database, log), startPrune(sql, log)];
    consumers = startWorkers({ ...options, workers: chosen, observe, nudge: relay.nudge });
    return { tasks, consumers };
  };
  const started = workers ? start(workers) : Promise.resolve(undefined);

  return {
    jobs: createJobs(database, relay.nudge),
    working: started.then((running) => running?.consumers.id ?? new Promise<never>(() => {})),
    health: () => consumers && { about: consumers.about(), stuck: consumers.stuck() },
    close: async (grace) => {
      stopping.abort();
      const running = await started;
      await running?.consumers.close(grace);
      for (const task of running?.tasks ?? []) await task.close();
      await relay.close();
    },
  };
};

const refuseTwins = (workers: readonly Worker<never>[]): void => {
  const names = workers.map(({ job }) => job.name);
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin) throw new TypeError(`two workers for the job ${twin}`);
};

const untilReachable = async (
  pings: readonly (() => Promise<unknown>)[],
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  const warn = throttledWarn(log, "waiting for the database and the broker");
  for (const ping of pings)
    while (!signal.aborted && !(await ping().then(() => true, warn))) await sleep(500);
};
