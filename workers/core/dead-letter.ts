import { HAS_OPEN_CHILDREN } from "./ledger.ts";
import type { Sql } from "./ledger.ts";

/**
 * Takes failed jobs out of the dead letter: each runs again from its first attempt, once. In a flow, with it go the
 * parents that failed with it, and the children without which those cannot start: failed ones, and those that were
 * cancelled in the moment in which their flow failed. Resolves with all their ids.
 */
export const replayJobs = (sql: Sql, ids: readonly string[]): Promise<{ id: string }[]> =>
  sql(
    `WITH RECURSIVE up AS (
       SELECT id, "parentId", "onFailure" FROM "Job" WHERE id = ANY ($1::uuid[]) AND state = 'FAILED'
       UNION SELECT p.id, p."parentId", p."onFailure" FROM up JOIN "Job" p ON p.id = up."parentId"
       WHERE up."onFailure" = 'fail-parent' AND p.state = 'FAILED'
     ), failed AS (
       SELECT id FROM up
       UNION SELECT c.id FROM failed JOIN "Job" c ON c."parentId" = failed.id
       WHERE c."onFailure" = 'fail-parent' AND c.state = 'FAILED' OR c.state = 'CANCELLED'
     )
     UPDATE "Job" j SET state = (CASE WHEN ${HAS_OPEN_CHILDREN} THEN 'WAITING' ELSE 'PENDING' END)::"JobState",
            epoch = epoch + 1, "dueAt" = now(), attempt = 0, crashes = 0, "publishTries" = 0, "finishedAt" = NULL,
            error = NULL
     FROM failed WHERE j.id = failed.id AND j.state IN ('FAILED', 'CANCELLED')
     RETURNING j.id`,
    [ids],
  );

/**
 * Cancels jobs that never started, and whole flows by their roots. Their idempotency keys are free again. Resolves with
 * the ids of those it was not too late for.
 */
export const cancelJobs = (sql: Sql, ids: readonly string[]): Promise<{ id: string }[]> =>
  sql(
    `UPDATE "Job" SET state = 'CANCELLED', "finishedAt" = now(), key = NULL
     WHERE id IN (
       SELECT id FROM "Job"
       WHERE (id = ANY ($1::uuid[]) AND "parentId" IS NULL
              OR "rootId" IN (SELECT id FROM "Job" WHERE id = ANY ($1::uuid[]) AND state = 'WAITING'))
         AND state IN ('WAITING', 'PENDING', 'PUBLISHED') AND "startedAt" IS NULL AND attempt = 0
       ORDER BY id DESC FOR UPDATE) -- children before parents, as they end
     RETURNING id`,
    [ids],
  );
