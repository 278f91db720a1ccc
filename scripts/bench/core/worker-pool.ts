import type { ChildProcess } from "node:child_process";
import { on } from "node:events";
import { fileURLToPath } from "node:url";
import { startProcess } from "../measured-process.ts";
import { countdown } from "./countdown.ts";
import type { Progress, Task } from "./throughput-worker.ts";

const workerFile = fileURLToPath(new URL("throughput-worker.ts", import.meta.url));

/** Worker processes that run for all rounds, so that their code is compiled and optimized, as in production. */
export interface WorkerPool extends AsyncDisposable {
  /**
   * Lets the first `processes` processes complete `jobs` waiting jobs. Resolves with jobs per second.
   * @throws Error if a process ends, or after two minutes
   */
  processJobs(task: Task, processes: number, jobs: number): Promise<number>;
}

export const startWorkerPool = async (size: number): Promise<WorkerPool> => {
  await using cleanups = new AsyncDisposableStack();
  const children: ChildProcess[] = [];
  for (let n = 0; n < size; n++)
    children.push(cleanups.use(await startProcess(workerFile, {}, "ready")).process);

  const owned = cleanups.move();
  return {
    processJobs: async (task, processes, jobs) => {
      const chosen = children.slice(0, processes);
      const reports: Progress[] = [];
      const { tick, done } = countdown(jobs);
      const running = Promise.all(
        chosen.map((child) =>
          runTask(child, task, (report) => {
            reports.push(report);
            tick(report.completed);
          }),
        ),
      );
      await Promise.race([done, running]);
      for (const child of chosen) child.send("stop");
      await running;
      return steadyRate(reports, jobs);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** Starts a task in a process. Resolves when the task has stopped, and rejects if the process ends. */
const runTask = async (child: ChildProcess, task: Task, report: (progress: Progress) => void) => {
  child.send(task);
  for await (const [message] of on(child, "message", { close: ["exit"] })) {
    if (message === "stopped") return;
    report(message as Progress);
  }
  throw new Error("a worker process ended during its task");
};

/**
 * Jobs per second, without the first 25 % of the jobs, during which the processes connect, and without the last 5 %,
 * which are not distributed over all processes.
 */
const steadyRate = (reports: readonly Progress[], jobs: number): number => {
  let completed = 0;
  const totals = reports
    .toSorted((a, b) => a.at - b.at)
    .map((report) => ({ at: report.at, completed: (completed += report.completed) }));
  const first = totals.find((total) => total.completed >= 0.25 * jobs);
  const last = totals.find((total) => total.completed >= 0.95 * jobs);
  if (!first || !last) return NaN;
  return ((last.completed - first.completed) * 1_000) / (last.at - first.at);
};
