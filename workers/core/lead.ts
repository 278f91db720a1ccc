import { describeError } from "./errors.ts";
import { takeLease } from "./ledger/processes.ts";
import type { Sql } from "./ledger/sql.ts";
import type { Log } from "./log.ts";

/** Milliseconds between two attempts to take a lease. */
const EVERY = 5_000;

export interface Task {
  name: string;
  /** Seconds until a process may do the task again. */
  lease: number;
  /** Stops early when the signal aborts. */
  work(signal: AbortSignal): Promise<void>;
}

/** A task in the background. */
export interface RunningTask {
  /** Stops and resolves when nothing is in progress. */
  close(): Promise<void>;
}

/** Repeats a task in one process at a time: the one that gets the lease. */
export const startTask = (sql: Sql, log: Log, { name, lease, work }: Task): RunningTask => {
  const stop = new AbortController();
  let running: Promise<void> | undefined;

  const round = async (): Promise<void> => {
    try {
      if (await takeLease(sql, name, lease)) await work(stop.signal);
    } catch (error) {
      log.warn({ error: describeError(error) }, `${name}: interrupted, will try again`);
    }
  };

  const timer = setInterval(() => {
    running ??= round().finally(() => (running = undefined));
  }, EVERY);

  return {
    close: async () => {
      stop.abort();
      clearInterval(timer);
      await running;
    },
  };
};
