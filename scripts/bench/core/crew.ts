import type { ChildProcess } from "node:child_process";
import { on } from "node:events";
import { fileURLToPath } from "node:url";
import { startProcess } from "../measured-process.ts";
import { countdown } from "./countdown.ts";
import type { Progress, Task } from "./throughput-worker.ts";

const workerFile = fileURLToPath(new URL("throughput-worker.ts", import.meta.url));

/** Worker processes that live through all rounds, because code that was just compiled is not what production runs. */
export interface Crew extends AsyncDisposable {
  /** Lets so many of the processes work off `jobs` waiting jobs. Resolves with jobs per second. */
  work(task: Task, processes: number, jobs: number): Promise<number>;
}

export const startCrew = async (size: number): Promise<Crew> => {
  await using cleanups = new AsyncDisposableStack();
  const crew: ChildProcess[] = [];
  for (let n = 0; n < size; n++) crew.push(cleanups.use(await startProcess(workerFile, {}, "ready")).process);

  const owned = cleanups.move();
  return {
    work: async (task, processes, jobs) => {
      const chosen = crew.slice(0, processes);
      const reports: Progress[] = [];
      const { tick, done } = countdown(jobs);
      const working = Promise.all(
        chosen.map((child) =>
          follow(child, task, (report) => {
            reports.push(report);
            tick(report.completed);
          }),
        ),
      );
      await Promise.race([done, working]);
      for (const child of chosen) child.send("stop");
      await working;
      return steadyRate(reports, jobs);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** Starts a task and resolves when the process has stopped it. */
const follow = async (child: ChildProcess, task: Task, report: (progress: Progress) => void) => {
  child.send(task);
  for await (const [message] of on(child, "message", { close: ["exit"] })) {
    if (message === "stopped") return;
    report(message as Progress);
  }
  throw new Error("a worker process ended");
};

/** Without the first quarter, in which the processes connect, and the last jobs, which only some of them have. */
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
