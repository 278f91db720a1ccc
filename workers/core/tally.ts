import { hostname } from "node:os";
import { count } from "./counts.ts";
import type { JobDefinition } from "./job.ts";
import type { Observe } from "./outcome.ts";

/** What a process does for one queue. All but the first two are counted since its start. */
export interface QueueTally {
  /** Runs that may be in progress at the same time, and those that are. */
  slots: number;
  running: number;
  started: number;
  completed: number;
  failed: number;
  retried: number;
  /** Given back without an attempt. */
  released: number;
  /** Milliseconds of the runs that have ended. */
  runMs: number;
}

/** What a worker process reports of itself with each heartbeat. */
export interface WorkerAbout {
  pid: number;
  host: string;
  queues: Record<string, QueueTally>;
}

const COUNTS = { completed: "completed", failed: "failed", retry: "retried", released: "released" } as const;

/** Counts the runs of a process. It writes nothing: a count must not cost a statement. */
export const createTally = (jobs: readonly JobDefinition[]) => {
  const zero = { running: 0, started: 0, completed: 0, failed: 0, retried: 0, released: 0, runMs: 0 };
  const queues = new Map(
    jobs.map(({ name, concurrency: slots }): [string, QueueTally] => [name, { slots, ...zero }]),
  );
  const add = (name: string, field: Exclude<keyof QueueTally, "slots">, change = 1): void => {
    const queue = queues.get(name);
    if (queue) queue[field] += change;
  };
  return {
    /** Counts a run as started, and as in progress until it ends. */
    during: <Result>(name: string, run: () => Promise<Result>): Promise<Result> => {
      count("started", name);
      add(name, "started");
      add(name, "running");
      return run().finally(() => add(name, "running", -1));
    },
    /** Passes each end of a run on. */
    counting:
      (observe: Observe): Observe =>
      (report) => {
        if (report.outcome in COUNTS) {
          add(report.job, COUNTS[report.outcome as keyof typeof COUNTS]);
          add(report.job, "runMs", Math.round(report.runMs));
        }
        observe(report);
      },
    isFull: (name: string): boolean => {
      const queue = queues.get(name);
      return queue !== undefined && queue.running >= queue.slots;
    },
    about: (): WorkerAbout => ({
      pid: process.pid,
      host: hostname(),
      queues: Object.fromEntries(queues),
    }),
  };
};

export type Tally = ReturnType<typeof createTally>;
