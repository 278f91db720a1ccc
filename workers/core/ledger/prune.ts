import type { Sql } from "./sql.ts";

/** Days that finished jobs stay in the ledger. */
const KEEP = { completed: 7, failed: 30 };

/** Rows per statement. */
const BATCH = 1_000;

// A UUIDv7 begins with its time in milliseconds, so the primary key finds old rows without another index.
const uuidOfDaysAgo = (days: number): string => `(lpad(to_hex(
  (extract(epoch FROM now() - interval '${days} days') * 1000)::int8), 12, '0') || repeat('0', 20))::uuid`;

const pruneBatch = async (sql: Sql, condition: string, days: number): Promise<boolean> => {
  const deleted = await sql(
    `DELETE FROM "Job" WHERE id IN (
       SELECT id FROM "Job" j WHERE id < ${uuidOfDaysAgo(days)} AND ${condition}
         AND "finishedAt" < now() - interval '${days} days' ORDER BY id LIMIT ${BATCH})
     RETURNING id`,
    [],
  );
  return deleted.length === BATCH;
};

// A parent reads the results of its children, so they are deleted with the root, when the whole flow is finished.
const FINISHED = `state IN ('COMPLETED', 'CANCELLED') AND "parentId" IS NULL AND ("rootId" IS NULL OR NOT EXISTS (
  SELECT FROM "Job" c WHERE c."rootId" = j.id AND c.state NOT IN ('COMPLETED', 'CANCELLED')))`;

// Deleting a parent deletes its children, some of which may still be unfinished.
const FAILED = `state = 'FAILED' AND NOT EXISTS (
  SELECT FROM "Job" c WHERE c."rootId" = j."rootId" AND c.state IN ('WAITING', 'PENDING', 'PUBLISHED'))`;

/** Deletes a batch of completed and cancelled jobs after 7 days. Resolves with whether there may be more. */
export const pruneFinished = (sql: Sql): Promise<boolean> => pruneBatch(sql, FINISHED, KEEP.completed);

/** Deletes a batch of failed jobs after 30 days. Resolves with whether there may be more. */
export const pruneFailed = (sql: Sql): Promise<boolean> => pruneBatch(sql, FAILED, KEEP.failed);
