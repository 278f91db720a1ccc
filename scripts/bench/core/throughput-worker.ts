import { once } from "node:events";
import { defineJob, defineWorker } from "../../../workers/core/index.ts";
import { startWorkers } from "../../../workers/core/worker.ts";
import { now } from "./clock.ts";
import { connectStores, silent, type Stores } from "./stores.ts";
import { trivial } from "./trivial-job.ts";

/** Message to a process of worker-pool.ts: process the jobs of these stores until the message "stop" arrives. */
export interface Task {
  readonly env: Stores["env"];
  readonly side: Side;
  readonly concurrency: number;
}

/** The compared systems: this project, or BullMQ without a ledger. */
export type Side = "ours" | "raw";

/** Message from the process: the number of jobs completed since its last report. */
export interface Progress {
  /** Milliseconds, as from `now`. */
  readonly at: number;
  readonly completed: number;
}

const REPORT_EVERY_MS = 20;

/** Starts to process jobs and returns a function that stops it. */
type Start = (stores: Stores, concurrency: number, completed: () => void) => () => Promise<unknown>;

const succeed = async () => "done";

const start: Record<Side, Start> = {
  ours: ({ database, broker }, concurrency, completed) => {
    const running = startWorkers({
      database: database.jobs,
      broker,
      workers: [defineWorker(defineJob({ ...trivial, concurrency }), succeed)],
      log: silent,
      observe: completed,
      nudge: () => {},
    });
    return () => running.close(1_000);
  },
  raw: ({ broker }, concurrency, completed) => {
    const worker = broker.worker(trivial.name, succeed, { concurrency });
    worker.on("completed", completed);
    return () => worker.close();
  },
};

const runTask = async ({ env, side, concurrency }: Task): Promise<void> => {
  await using stores = await connectStores(env);
  let completed = 0;
  const stop = start[side](stores, concurrency, () => void (completed += 1));
  const reporting = setInterval(() => {
    const progress: Progress = { at: now(), completed };
    completed = 0;
    process.send?.(progress);
  }, REPORT_EVERY_MS);
  await once(process, "message");
  clearInterval(reporting);
  await stop();
};

process.on("disconnect", () => process.exit(0));
console.log("ready");
for (;;) {
  const [task] = (await once(process, "message")) as [Task];
  await runTask(task);
  process.send?.("stopped");
}
