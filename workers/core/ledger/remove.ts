import { fieldOf, hasField } from "./read.ts";
import type { Sql } from "./sql.ts";

/** The jobs whose payload has one of the ids in `field`. Needs an index, as `findJobsOfRecords` does. */
export interface JobsOf {
  field: string;
  ids: readonly string[];
}

/**
 * Seconds without a heartbeat after which a run counts as ended. More than for others: after an outage of PostgreSQL,
 * the heartbeats of all workers are late.
 */
const ENDED_AFTER = 60;

// A job that has started and whose worker is dead is not running: its delivery finds no row, and is dropped.
const REMOVABLE = `(state IN ('COMPLETED', 'FAILED', 'CANCELLED') OR NOT EXISTS (
    SELECT FROM "JobWorker" w WHERE w.id = j."startedBy" AND w."seenAt" > now() - interval '${ENDED_AFTER} seconds'))
  AND NOT EXISTS (SELECT FROM "Job" c WHERE c."parentId" = j.id)`;

/**
 * Deletes up to `limit` jobs of some records, whatever their state: those that wait never run, and a delivery that the
 * broker has is dropped. Jobs that a live worker runs are left, and so are parents before their children. Resolves with
 * the number of deleted jobs.
 * @throws TypeError when the field is not an identifier
 */
export const removeJobsOfRecords = async (
  sql: Sql,
  { field, ids }: JobsOf,
  limit: number,
): Promise<number> => {
  const removed = await sql(
    `DELETE FROM "Job" WHERE id IN (
       SELECT id FROM "Job" j WHERE ${hasField(field)} AND ${fieldOf(field)} = ANY ($1::text[]) AND ${REMOVABLE}
       LIMIT $2::int FOR UPDATE)
     RETURNING id`,
    [ids, limit],
  );
  return removed.length;
};

/** The same for jobs by their own ids. */
export const removeJobs = async (sql: Sql, ids: readonly string[]): Promise<number> => {
  const removed = await sql(
    `DELETE FROM "Job" WHERE id IN (SELECT id FROM "Job" j WHERE id = ANY ($1::uuid[]) AND ${REMOVABLE} FOR UPDATE)
     RETURNING id`,
    [ids],
  );
  return removed.length;
};
