import { ASYNC_COMMIT, asArrays, HAS_OWN_TRACE, type Delivery, type Sql } from "./sql.ts";

/** Seconds that a relay holds a claimed job, and that the sweep leaves a published job alone. */
const LEASE = 15;
const TRUST = 60;

/** Refusals by a broker that accepts other jobs, after which a job is failed. */
const MAX_PUBLISH_TRIES = 10;

/** A job that a relay has claimed. */
export interface DueJob extends Delivery {
  name: string;
  priority: number;
  /** The span that enqueued it, unless its run has a trace of its own. */
  traceparent: string | null;
}

/**
 * Jobs of batches per queue that may be in the broker before their first attempt has ended; the others wait in the
 * ledger. More than all processes together run of one queue at a time, or workers would wait for the relay.
 */
const WINDOW = 1_000;

/** SQL: a job of a batch that waits for the relay. */
const BATCHED = `state = 'PENDING' AND "batchId" IS NOT NULL`;

/** SQL: claims the jobs that a query selects. As an array, whose plan does not depend on how many are expected. */
const claim = (due: string): string =>
  `UPDATE "Job" j SET "dueAt" = now() + interval '${LEASE} seconds' FROM ${ASYNC_COMMIT}
   WHERE id = ANY (ARRAY(${due}))
   RETURNING id, epoch, name, priority, CASE WHEN NOT ${HAS_OWN_TRACE} THEN traceparent END AS traceparent`;

/**
 * Claims jobs of no batch for the length of the lease: those that are due longest, without those of the `excluded`
 * queues. Relays may call it concurrently: each job goes to one of them.
 */
export const claimSingle = (sql: Sql, limit: number, excluded: readonly string[]): Promise<DueJob[]> =>
  sql(
    claim(`SELECT id FROM "Job" WHERE state = 'PENDING' AND "batchId" IS NULL AND "dueAt" <= now()
           AND name <> ALL ($2::text[]) ORDER BY "dueAt" LIMIT $1::int FOR UPDATE SKIP LOCKED`),
    [limit, excluded],
  );

/**
 * Claims jobs of batches: of each queue the oldest, at most `limit`, and no more than its window has room for. Several
 * relays at the same time may exceed the window by a claim each. Without those of the `excluded` queues.
 *
 * The recursive query finds the queues, with one index lookup for each. The inner LIMIT has no effect on the result: of
 * the outer one, the planner does not know the value, and would expect so many rows that it compiles the statement.
 */
export const claimBatched = (sql: Sql, limit: number, excluded: readonly string[]): Promise<DueJob[]> =>
  sql(
    `WITH RECURSIVE queue (name) AS (
       SELECT min(name) FROM "Job" WHERE ${BATCHED}
       UNION ALL
       SELECT (SELECT min(name) FROM "Job" WHERE ${BATCHED} AND name > queue.name) FROM queue WHERE queue.name IS NOT NULL)
     ${claim(`
       SELECT due.id FROM queue, LATERAL (
         SELECT least($1::int, ${WINDOW} - count(*))::int AS limit FROM (
           SELECT FROM "Job" WHERE state = 'PUBLISHED' AND "batchId" IS NOT NULL AND attempt = 0 AND name = queue.name
           LIMIT ${WINDOW}) published
       ) room, LATERAL (
         SELECT id FROM (
           SELECT id FROM "Job" WHERE ${BATCHED} AND name = queue.name AND "dueAt" <= now()
           ORDER BY id LIMIT $1::int FOR UPDATE SKIP LOCKED) oldest
         LIMIT room.limit) due WHERE queue.name <> ALL ($2::text[])`)}`,
    [limit, excluded],
  );

/** Records that the broker has these jobs. A job that a worker has already finished stays finished. */
export const markPublished = (sql: Sql, jobs: readonly Delivery[], broker: string): Promise<unknown> =>
  sql(
    `UPDATE "Job" j SET state = 'PUBLISHED', "publishedAt" = now(), "publishTries" = 0, broker = $3,
            "dueAt" = now() + interval '${TRUST} seconds'
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch), ${ASYNC_COMMIT}
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PENDING'`,
    [...asArrays(jobs), broker],
  );

/** Ends claims after the broker was unavailable. The jobs are due again in a second. */
export const releaseClaims = (sql: Sql, jobs: readonly Delivery[]): Promise<unknown> =>
  sql(
    `UPDATE "Job" j SET "dueAt" = now() + interval '1 second'
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PENDING'`,
    asArrays(jobs),
  );

/** Records that the broker refused this job but accepts others. The tenth refusal fails the job. */
export const recordRefusal = (sql: Sql, job: Delivery, error: string): Promise<unknown> =>
  sql(
    `UPDATE "Job" SET "publishTries" = "publishTries" + 1, "dueAt" = now() + interval '1 second', error = $3,
            state = CASE WHEN "publishTries" + 1 >= ${MAX_PUBLISH_TRIES} THEN 'FAILED' ELSE state END,
            "finishedAt" = CASE WHEN "publishTries" + 1 >= ${MAX_PUBLISH_TRIES} THEN now() END,
            "errorKind" = CASE WHEN "publishTries" + 1 >= ${MAX_PUBLISH_TRIES} THEN 'refused' END
     WHERE id = $1::uuid AND epoch = $2::int AND state = 'PENDING'`,
    [job.id, job.epoch, error],
  );
