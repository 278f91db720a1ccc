import { ASYNC_COMMIT, asArrays, type Delivery, type Sql } from "./sql.ts";

/** Seconds that a relay holds a claimed job, and that the sweep leaves a published job alone. */
const LEASE = 15;
const TRUST = 60;

/** Refusals by a broker that accepts other jobs, after which a job is failed. */
const MAX_PUBLISH_TRIES = 10;

/** A job that a relay has claimed. */
export interface DueJob extends Delivery {
  name: string;
  priority: number;
  /** Whether it belongs to a batch. */
  batched: boolean;
}

/** How many jobs to claim. Both kinds have their own indexes, so a flood of batches costs the others nothing. */
export interface Share {
  /** Jobs of no batch. */
  single: number;
  /** Jobs of batches, per queue. */
  batched: number;
}

/**
 * Jobs of batches per queue that may be in the broker without having failed yet; the others wait in the ledger. More
 * than all processes together run of one queue at a time, or workers would wait for the relay.
 */
const WINDOW = 1_000;

/** SQL: a job of a batch that waits for the relay. */
const BATCHED = `state = 'PENDING' AND "batchId" IS NOT NULL`;

/** SQL: the jobs of no batch that are due longest, at most $1. */
const SINGLE_DUE = `SELECT id FROM (
  SELECT id FROM "Job" WHERE state = 'PENDING' AND "batchId" IS NULL AND "dueAt" <= now()
  ORDER BY "dueAt" LIMIT $1::int FOR UPDATE SKIP LOCKED) single`;

/** SQL: the queues with jobs of batches that wait for the relay, and NULL. Reads one row of each. */
const QUEUES = `WITH RECURSIVE queue (name) AS (
  SELECT min(name) FROM "Job" WHERE ${BATCHED}
  UNION ALL
  SELECT (SELECT min(name) FROM "Job" WHERE ${BATCHED} AND name > queue.name) FROM queue WHERE queue.name IS NOT NULL)`;

/** SQL: of each queue the jobs of batches that are due longest, at most $2, and as many as its window has room for. */
const BATCHED_DUE = `SELECT due.id FROM queue, LATERAL (
    SELECT least($2::int, ${WINDOW} - count(*))::int AS limit FROM (
      SELECT FROM "Job" WHERE state = 'PUBLISHED' AND "batchId" IS NOT NULL AND attempt = 0 AND name = queue.name
      LIMIT ${WINDOW}) published
  ) room, LATERAL (
    SELECT id FROM "Job" WHERE ${BATCHED} AND name = queue.name AND "dueAt" <= now()
    ORDER BY "dueAt" LIMIT room.limit FOR UPDATE SKIP LOCKED) due`;

/** SQL: claims these jobs. */
const claim = (due: string): string =>
  `UPDATE "Job" SET "dueAt" = now() + interval '${LEASE} seconds' FROM ${ASYNC_COMMIT}
   WHERE id IN (${due}) RETURNING id, epoch, name, priority, "batchId" IS NOT NULL AS batched`;

/** Claims due jobs for the length of the lease. Relays may call it concurrently: each row goes to one of them. */
export const claimDue = (sql: Sql, { single, batched }: Share): Promise<DueJob[]> =>
  batched > 0
    ? sql(`${QUEUES} ${claim(`${SINGLE_DUE} UNION ALL ${BATCHED_DUE}`)}`, [single, batched])
    : sql(claim(SINGLE_DUE), [single]);

/** Records that the broker has these jobs. A job that a worker has already finished stays finished. */
export const markPublished = (sql: Sql, jobs: readonly Delivery[]): Promise<unknown> =>
  sql(
    `UPDATE "Job" j SET state = 'PUBLISHED', "publishedAt" = now(), "publishTries" = 0,
            "dueAt" = now() + interval '${TRUST} seconds'
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch), ${ASYNC_COMMIT}
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PENDING'`,
    asArrays(jobs),
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
            "finishedAt" = CASE WHEN "publishTries" + 1 >= ${MAX_PUBLISH_TRIES} THEN now() END
     WHERE id = $1::uuid AND epoch = $2::int AND state = 'PENDING'`,
    [job.id, job.epoch, error],
  );
