import { setTimeout as sleep } from "node:timers/promises";
import { findJob, prepareJob, type Sql } from "../../workers/core/index.ts";
import type { SystemSchedule } from "../../workers/schedules.ts";
import { printJob } from "./print.ts";

/** Enqueues the job of a schedule now. Its next slot stays as it is. Resolves with the job's id. */
export const startSchedule = async (sql: Sql, { job, payload }: SystemSchedule): Promise<string> => {
  const id = await prepareJob(job, payload)(sql);
  console.log(`${id}  enqueued`);
  return id;
};

/** Waits until a job has ended, and prints it. Resolves with whether it completed. */
export const printResult = async (sql: Sql, id: string): Promise<boolean> => {
  for (;;) {
    const job = await findJob(sql, id);
    if (!job) throw new Error(`the job ${id} was deleted`);
    if (job.finishedAt) {
      printJob(job);
      return job.state === "COMPLETED";
    }
    await sleep(500);
  }
};
