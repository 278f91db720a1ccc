import type { JobView } from "../../../api/watch/job-view.ts";
import { phaseOf, type JobRow, type Sql } from "../../../workers/core/index.ts";

/** What must be shown of each job, from its row alone. */
export const expectedJobs = async (sql: Sql): Promise<Map<string, object>> => {
  const rows = await sql<JobRow>(`SELECT * FROM "Job"`, []);
  return new Map(rows.map((row) => [row.id, { ...facts(row), phase: phaseOf(row, Date.now()) }]));
};

/** The same facts of a job that is shown. */
export const shownFacts = ({ phase, ...view }: JobView): object => ({ ...facts(view), phase });

const facts = (job: JobRow | Omit<JobView, "phase">) => ({
  ...pick(job, ["id", "name", "state", "epoch", "attempt", "crashes", "priority", "publishTries"]),
  ...pick(job, ["startedBy", "rootId", "parentId", "onFailure", "batchId", "orderKey", "key"]),
  ...pick(job, ["requestId", "causeId", "progress", "payload", "result", "error"]),
  createdAt: iso(job.createdAt),
  dueAt: iso(job.dueAt),
  readyAt: iso(job.readyAt),
  publishedAt: iso(job.publishedAt),
  startedAt: iso(job.startedAt),
  finishedAt: iso(job.finishedAt),
  history: job.history.map(({ outcome, endedAt, error }) => [outcome, iso(endedAt), error ?? null]),
});

const pick = <Shape extends object>(job: Shape, names: readonly (keyof Shape)[]) =>
  Object.fromEntries(names.map((name) => [name, job[name]]));

const iso = (time: Date | string | null) => (time === null ? null : new Date(time).toISOString());
