import type { Child, OnFailure } from "../job.ts";
import { HAS_OPEN_CHILDREN, type Sql } from "./sql.ts";

/** The finished children of a job, in the order in which they were enqueued. */
export const childrenOf = (sql: Sql, id: string): Promise<Child[]> =>
  sql(`SELECT id, name, payload, state, result, error FROM "Job" WHERE "parentId" = $1::uuid ORDER BY id`, [
    id,
  ]);

interface FinishedJob {
  name: string;
  state: string;
  error: string | null;
  parentId: string | null;
  onFailure: OnFailure | null;
}

/**
 * Advances the parent of a job that has just finished, in the same transaction: makes it due if this was the last
 * child, or fails it. Resolves with whether a job became due.
 */
export const advanceParent = async (sql: Sql, id: string): Promise<boolean> => {
  const [finished] = await sql<FinishedJob>(
    `SELECT name, state, error, "parentId", "onFailure" FROM "Job" WHERE id = $1::uuid`,
    [id],
  );
  if (!finished?.parentId) return false;
  // The last two children may finish at the same time. The lock makes one of them see that the other has finished.
  await sql(`SELECT FROM "Job" WHERE id = $1::uuid FOR UPDATE`, [finished.parentId]);
  if (finished.state === "FAILED" && finished.onFailure === "fail-parent") {
    const error = `its child ${finished.name} failed: ${finished.error}`.slice(0, 500);
    return (await failWaiting(sql, finished.parentId, error)) ? advanceParent(sql, finished.parentId) : false;
  }
  const due = await sql(
    `UPDATE "Job" j SET state = 'PENDING', "dueAt" = greatest(now(), "dueAt"), "readyAt" = greatest(now(), "dueAt")
     WHERE id = $1::uuid AND state = 'WAITING' AND NOT ${HAS_OPEN_CHILDREN} RETURNING id`,
    [finished.parentId],
  );
  return due.length > 0;
};

const failWaiting = async (sql: Sql, id: string, error: string): Promise<boolean> => {
  const failed = await sql(
    `UPDATE "Job" SET state = 'FAILED', "finishedAt" = now(), error = $2, "errorKind" = 'child'
     WHERE id = $1::uuid AND state = 'WAITING' RETURNING id`,
    [id, error],
  );
  return failed.length > 0;
};

/**
 * Finished children whose parent does not know it yet. Workers advance a parent in the transaction that finishes a
 * child; children that the relay failed are found here.
 */
export const finishedUnreported = (sql: Sql): Promise<{ id: string }[]> =>
  sql(
    `SELECT c.id FROM "Job" j JOIN "Job" c ON c."parentId" = j.id
     WHERE j.state = 'WAITING' AND (NOT ${HAS_OPEN_CHILDREN} OR c.state = 'FAILED' AND c."onFailure" = 'fail-parent')`,
    [],
  );
