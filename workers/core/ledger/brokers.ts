import { CRASHED_AFTER, WITH_CRASH, withEvent } from "./history.ts";
import { BATCH, type RecoveredJob } from "./recovery.ts";
import { LIVE, type Sql } from "./sql.ts";

/** Seconds without a heartbeat after which a run is taken from a worker of another broker. */
const GONE_AFTER = 60;

/** SQL: a row for each broker and queue that a live worker takes jobs from. */
const CONSUMED = `SELECT w.broker, queue FROM "JobWorker" w, unnest(w.queues) AS queue WHERE ${LIVE}`;

/** Records that this process publishes to that broker. */
export const recordBroker = (sql: Sql, broker: string): Promise<unknown> =>
  sql(`INSERT INTO "JobBroker" (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET "seenAt" = now()`, [broker]);

/** Queues whose live workers all use other brokers than this one: jobs of these are published there. */
export const queuesElsewhere = async (sql: Sql, broker: string): Promise<string[]> => {
  const text = `SELECT queue FROM (${CONSUMED}) consumed GROUP BY queue HAVING bool_and(broker <> $1) ORDER BY queue`;
  return (await sql<{ queue: string }>(text, [broker])).map(({ queue }) => queue);
};

/** Other brokers that may have jobs. Usually there is none. */
export const otherBrokers = async (sql: Sql, broker: string): Promise<string[]> =>
  (await sql<{ id: string }>(`SELECT id FROM "JobBroker" WHERE id <> $1`, [broker])).map(({ id }) => id);

/**
 * Takes jobs that were published to other brokers, where their queue has no live worker any more, and that a live worker
 * of this broker can run. They are published again under the next epoch, a retry at its time.
 */
export const takeStranded = (sql: Sql, broker: string, others: readonly string[]): Promise<RecoveredJob[]> =>
  sql(
    `WITH consumed AS (${CONSUMED}), stranded AS MATERIALIZED (
       SELECT other, queue FROM unnest($2::text[]) AS other, consumed c WHERE c.broker = $1
       EXCEPT SELECT broker, queue FROM consumed)
     UPDATE "Job" j SET state = 'PENDING', epoch = j.epoch + 1, "dueAt" = greatest(now(), j."readyAt"),
            crashes = j.crashes + CASE WHEN j."startedAt" IS NULL THEN 0 ELSE 1 END,
            history = CASE WHEN j."startedAt" IS NULL THEN ${withEvent("lost")} ELSE ${WITH_CRASH} END,
            "startedAt" = NULL, "startedBy" = NULL
     WHERE id IN (
       SELECT id FROM "Job" j WHERE state = 'PUBLISHED' AND (j.broker, j.name) IN (SELECT * FROM stranded)
         AND NOT EXISTS (SELECT FROM "JobWorker" w WHERE w.id = j."startedBy"
                         AND w."seenAt" > now() - interval '${GONE_AFTER} seconds')
       ORDER BY "dueAt" LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
     RETURNING j.id, j.name, j.attempt, ${CRASHED_AFTER}`,
    [broker, others],
  );

/** Forgets brokers that no process uses and that have no jobs. */
export const removeUnusedBrokers = (sql: Sql): Promise<unknown> =>
  sql(
    `DELETE FROM "JobBroker" b WHERE "seenAt" < now() - interval '1 hour'
     AND NOT EXISTS (SELECT FROM "Job" j WHERE j.state = 'PUBLISHED' AND j.broker = b.id)`,
    [],
  );
