import { withEvent } from "./history.ts";
import { lockOrders, promoteNextOf, type OrderedJob } from "./order.ts";
import { HAS_OPEN_CHILDREN, type Sql } from "./sql.ts";

/**
 * Takes failed jobs out of the dead letter: each runs again from its first attempt. In a flow, the failed parents and
 * the required children that failed or were cancelled are replayed too. Resolves with all their ids. With `over`, the
 * jobs become due one after the other, evenly over so many milliseconds.
 *
 * A job with an ordering key runs before the jobs of its key that wait, but never at the same time as another one. Call
 * it in a transaction if there may be such jobs.
 */
export const replayJobs = (sql: Sql, ids: readonly string[], over = 0): Promise<{ id: string }[]> =>
  withOrders(
    sql,
    `WITH RECURSIVE up AS (
       SELECT id, "parentId", "onFailure" FROM "Job" WHERE id = ANY ($1::uuid[]) AND state = 'FAILED'
       UNION SELECT p.id, p."parentId", p."onFailure" FROM up JOIN "Job" p ON p.id = up."parentId"
       WHERE up."onFailure" = 'fail-parent' AND p.state = 'FAILED'
     ), failed AS (
       SELECT id FROM up
       UNION SELECT c.id FROM failed JOIN "Job" c ON c."parentId" = failed.id
       WHERE c."onFailure" = 'fail-parent' AND c.state = 'FAILED' OR c.state = 'CANCELLED'
     )
     UPDATE "Job" j SET state = (CASE WHEN ${HAS_OPEN_CHILDREN} OR "orderKey" IS NOT NULL THEN 'WAITING' ELSE 'PENDING' END)::"JobState",
            epoch = epoch + 1, "dueAt" = now() + ahead, "readyAt" = now() + ahead, attempt = 0, crashes = 0,
            "publishTries" = 0, "finishedAt" = NULL, error = NULL, "errorKind" = NULL, history = ${withEvent("replayed")}
     FROM (SELECT id, $2::float8 * (row_number() OVER (ORDER BY id) - 1) / count(*) OVER () * interval '1 millisecond' AS ahead
           FROM failed) failed WHERE j.id = failed.id AND j.state IN ('FAILED', 'CANCELLED')
     RETURNING j.id, j.name, j."orderKey"`,
    ids,
    [over],
  );

/**
 * Cancels jobs that have never started, and whole flows by their roots. Their idempotency keys can be used again.
 * Resolves with the ids of the cancelled jobs. Call it in a transaction if there may be jobs with ordering keys.
 */
export const cancelJobs = (sql: Sql, ids: readonly string[]): Promise<{ id: string }[]> =>
  withOrders(
    sql,
    `UPDATE "Job" SET state = 'CANCELLED', "finishedAt" = now(), key = NULL
     WHERE id IN (
       SELECT id FROM "Job"
       WHERE (id = ANY ($1::uuid[]) AND "parentId" IS NULL
              OR "rootId" IN (SELECT id FROM "Job" WHERE id = ANY ($1::uuid[]) AND state = 'WAITING'))
         AND state IN ('WAITING', 'PENDING', 'PUBLISHED') AND "startedAt" IS NULL AND attempt = 0
       ORDER BY id DESC FOR UPDATE) -- children before parents, the order in which they finish
     RETURNING id, name, "orderKey"`,
    ids,
  );

/** Runs a statement that takes ids, and then makes the next jobs due of the keys of its rows. */
const withOrders = async (
  sql: Sql,
  text: string,
  ids: readonly string[],
  more: readonly unknown[] = [],
): Promise<{ id: string }[]> => {
  // Before the rows: a completion has locked the key when it makes one of these jobs due.
  await lockOrders(sql, await sql(ORDERED, [ids]));
  const rows = await sql<{ id: string } & OrderedJob>(text, [ids, ...more]);
  await promoteNextOf(
    sql,
    rows.filter(({ orderKey }) => orderKey !== null),
  );
  return rows.map(({ id }) => ({ id }));
};

const ORDERED = `SELECT name, "orderKey" FROM "Job" WHERE id = ANY ($1::uuid[]) AND "orderKey" IS NOT NULL`;
