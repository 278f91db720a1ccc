import type { JobState } from "../../workers/core/index.ts";

/** Which jobs are searched for. Without any field: all of them. */
export interface JobSearch {
  /** Jobs of this user, and of their uploads, reports, exports, schedules and account deletion. */
  userId?: string | undefined;
  name?: string | undefined;
  state?: JobState | undefined;
  /** The kind of the error that ended them, which only jobs in the dead letter have. */
  kind?: string | undefined;
  /** ISO times: of the failure for jobs in the dead letter, of the creation for others. `until` is exclusive. */
  since?: string | undefined;
  until?: string | undefined;
}

/** Jobs in the dead letter. */
export type FailedSearch = Omit<JobSearch, "state">;

/** The kind of error of jobs that were failed by a process of an earlier version. */
export const UNKNOWN = "unknown";

/** Records of a user of each kind whose jobs are searched: the newest. */
const RECORDS = 1_000;

const jobsOfRecords = (field: string, table: string) =>
  `SELECT id FROM "Job" WHERE payload ? '${field}' AND payload ->> '${field}' = ANY (ARRAY(
     SELECT id::text FROM "${table}" WHERE "userId" = $1::uuid ORDER BY id DESC LIMIT ${RECORDS}))`;

/**
 * SQL: the ids of the jobs of the user $1. Payloads have the id of the user or of one of their records, and each such
 * field has an index.
 */
const JOBS_OF_USER = [
  `SELECT id FROM "Job" WHERE payload ? 'userId' AND payload ->> 'userId' = $1`,
  jobsOfRecords("uploadId", "Upload"),
  jobsOfRecords("reportId", "Report"),
  jobsOfRecords("exportId", "AccountExport"),
  jobsOfRecords("scheduleId", "Schedule"),
  `SELECT "jobId" FROM "AccountDeletion" WHERE "userId" = $1::uuid`,
].join("\n UNION ");

/**
 * SQL and its values: the conditions of a search, without its state. Ids are those of $1 if it names a user: as an
 * array, or the planner would read the whole primary key in its order.
 */
export const conditionsOf = ({ userId, name, kind, since, until }: JobSearch, time: string) => {
  const values: unknown[] = userId === undefined ? [] : [userId];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const conditions = userId === undefined ? [] : [`id = ANY (ARRAY(${JOBS_OF_USER}))`];
  if (name !== undefined) conditions.push(`name = ${parameter(name)}`);
  if (kind === UNKNOWN) conditions.push(`"errorKind" IS NULL`);
  else if (kind !== undefined) conditions.push(`"errorKind" = ${parameter(kind)}`);
  if (since !== undefined) conditions.push(`${time} >= ${parameter(since)}::timestamptz`);
  if (until !== undefined) conditions.push(`${time} < ${parameter(until)}::timestamptz`);
  return { conditions, values, parameter };
};
