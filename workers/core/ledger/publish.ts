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

/** How many jobs to claim. Each number has its own index, so a flood of batches costs the others nothing. */
export interface Share {
  /** Jobs of no batch. */
  single: number;
  /** Jobs of batches. */
  batched: number;
}

/** SQL: the jobs that are due longest, of those that fulfil the condition. */
const dueWhere = (condition: string, limit: string): string =>
  `SELECT id FROM (SELECT id FROM "Job" WHERE state = 'PENDING' AND ${condition} AND "dueAt" <= now()
                   ORDER BY "dueAt" LIMIT ${limit} FOR UPDATE SKIP LOCKED) due`;

/** Claims due jobs for the length of the lease. Relays may call it concurrently: each row goes to one of them. */
export const claimDue = (sql: Sql, { single, batched }: Share): Promise<DueJob[]> =>
  sql(
    `UPDATE "Job" SET "dueAt" = now() + interval '${LEASE} seconds' FROM ${ASYNC_COMMIT}
     WHERE id IN (${dueWhere(`"batchId" IS NULL`, "$1::int")} UNION ALL ${dueWhere(`"batchId" IS NOT NULL`, "$2::int")})
     RETURNING id, epoch, name, priority, "batchId" IS NOT NULL AS batched`,
    [single, batched],
  );

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
