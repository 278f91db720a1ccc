import { CRASHED_AFTER, WITH_CRASH, withEvent } from "./history.ts";
import { asArrays, HAS_OWN_TRACE, IS_RUNNING, type Delivery, type Sql } from "./sql.ts";

/** Rows per statement. */
export const BATCH = 1_000;

export interface PublishedJob extends Delivery {
  name: string;
}

/** A job that is published again. */
export interface RecoveredJob {
  id: string;
  name: string;
  attempt: number;
  /** Milliseconds until the crash of its run was found; null if it was not running. */
  crashedAfter: number | null;
  traceparent: string | null;
  ownTrace: boolean;
}

/** SQL: whether the job `j` was published to this broker, or by a version that did not record to which. */
const HERE = `(j.broker = $1 OR j.broker IS NULL)`;

/** Takes published jobs that are due for a check with the broker. The older a job, the longer until its next check. */
export const takeUnconfirmed = (sql: Sql, broker: string): Promise<PublishedJob[]> =>
  sql(
    `UPDATE "Job" j SET "dueAt" = now() + greatest(interval '60 seconds', least(now() - j."publishedAt", interval '1 hour'))
     WHERE id IN (SELECT id FROM "Job" j WHERE state = 'PUBLISHED' AND "dueAt" <= now() AND ${HERE} AND NOT ${IS_RUNNING}
                  ORDER BY "dueAt" LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
     RETURNING id, epoch, name`,
    [broker],
  );

/** The next batch of all published jobs that no live worker runs, in the order of their ids. */
export const publishedAfter = (sql: Sql, broker: string, id: string): Promise<PublishedJob[]> =>
  sql(
    `SELECT id, epoch, name FROM "Job" j WHERE state = 'PUBLISHED' AND id > $2::uuid AND ${HERE} AND NOT ${IS_RUNNING}
     ORDER BY id LIMIT ${BATCH}`,
    [broker, id],
  );

/** Makes running jobs due for a check: if their worker dies, an emptied broker does not know that they stalled. */
export const checkRunningSoon = (sql: Sql, broker: string): Promise<unknown> =>
  sql(
    `UPDATE "Job" j SET "dueAt" = now() WHERE state = 'PUBLISHED' AND "startedAt" IS NOT NULL AND ${HERE}`,
    [broker],
  );

/** Gives jobs that the broker lost back to the relay, under the next epoch. */
export const publishAgain = (sql: Sql, jobs: readonly Delivery[]): Promise<RecoveredJob[]> =>
  sql(
    `UPDATE "Job" j SET state = 'PENDING', epoch = j.epoch + 1, "dueAt" = now(), "readyAt" = least(j."readyAt", now()),
            crashes = j.crashes + CASE WHEN j."startedAt" IS NULL THEN 0 ELSE 1 END,
            history = CASE WHEN j."startedAt" IS NULL THEN ${withEvent("lost")} ELSE ${WITH_CRASH} END,
            "startedAt" = NULL, "startedBy" = NULL
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PUBLISHED' AND NOT ${IS_RUNNING}
     RETURNING j.id, j.name, j.attempt, ${CRASHED_AFTER}, j.traceparent, ${HAS_OWN_TRACE} AS "ownTrace"`,
    asArrays(jobs),
  );
