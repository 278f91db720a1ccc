import { sqlOf, type Tx } from "../../infra/database.ts";
import type { Report } from "../../prisma/client/client.ts";
import { findJob, findJobsOfRecords, type JobRow } from "../../workers/core/index.ts";
import { reportGenerate } from "../../workers/report-generate/job.ts";

type Unfinished = Pick<Report, "id" | "slot">;

/** How far the job of each report is, from 0 to 1. A report is missing if no job can finish it: its job has failed. */
export const progressOf = async (tx: Tx, reports: readonly Unfinished[]): Promise<Map<string, number>> => {
  if (reports.length === 0) return new Map();
  const sql = sqlOf(tx);
  const asked = reports.filter(({ slot }) => slot === null).map(({ id }) => id);
  const jobs = (await findJobsOfRecords(sql, "reportId", asked)).filter(
    ({ name }) => name === reportGenerate.name,
  );
  const alive = new Map(jobs.filter(isAlive).map((job) => [job.recordId, toProgress(job.progress)]));
  // The report of a slot has the id of its job.
  for (const { id } of reports.filter(({ slot }) => slot !== null)) {
    const job = await findJob(sql, id);
    if (job && isAlive(job)) alive.set(id, toProgress(job.progress));
  }
  return alive;
};

const isAlive = ({ state }: Pick<JobRow, "state">) =>
  state !== "COMPLETED" && state !== "FAILED" && state !== "CANCELLED";

const toProgress = (progress: unknown) =>
  typeof progress === "number" ? Math.min(1, Math.max(0, progress)) : 0;
