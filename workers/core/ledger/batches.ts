import type { Sql } from "./sql.ts";

/** Many jobs that were enqueued for one reason. */
export interface Batch {
  /** UUIDv7: batches are listed in the order of their ids. */
  id: string;
  /** What it is, for people. */
  name: string;
}

/** A batch with the number of its jobs by state. */
export interface BatchRow extends Batch {
  createdAt: Date;
  total: number;
  waiting: number;
  running: number;
  done: number;
  failed: number;
  cancelled: number;
}

/**
 * Days that a batch stays: not longer than its first completed jobs, so that `done` is right as long as it is shown.
 */
const KEEP = 7;

/** Counts new jobs as part of a batch, which begins with the first of them. */
export const addToBatch = (sql: Sql, { id, name }: Batch, count: number): Promise<unknown> =>
  sql(
    `INSERT INTO "JobBatch" AS b (id, name, total) VALUES ($1::uuid, $2, $3::int)
     ON CONFLICT (id) DO UPDATE SET total = b.total + excluded.total`,
    [id, name, count],
  );

export interface BatchFilter {
  /** Only this batch. */
  id?: string | undefined;
  /** Only batches that are older than this one. */
  before?: string | undefined;
  limit: number;
}

/**
 * The newest batches that match, newest first. Completed jobs are not read: `done` is what remains of the total, so a
 * finished batch costs nothing to count.
 */
export const findBatches = (sql: Sql, { id, before, limit }: BatchFilter): Promise<BatchRow[]> =>
  sql(
    `SELECT b.id, b.name, b."createdAt", b.total,
            (count(j.id) FILTER (WHERE j.state NOT IN ('FAILED', 'CANCELLED') AND j."startedAt" IS NULL))::int AS waiting,
            (count(j.id) FILTER (WHERE j.state NOT IN ('FAILED', 'CANCELLED') AND j."startedAt" IS NOT NULL))::int AS running,
            b.total - count(j.id)::int AS done,
            (count(j.id) FILTER (WHERE j.state = 'FAILED'))::int AS failed,
            (count(j.id) FILTER (WHERE j.state = 'CANCELLED'))::int AS cancelled
     FROM (SELECT * FROM "JobBatch" WHERE ($1::uuid IS NULL OR id = $1) AND ($2::uuid IS NULL OR id < $2)
           ORDER BY id DESC LIMIT $3::int) b
     LEFT JOIN "Job" j ON j."batchId" = b.id AND j.state <> 'COMPLETED'
     GROUP BY b.id, b.name, b."createdAt", b.total ORDER BY b.id DESC`,
    [id ?? null, before ?? null, limit],
  );

/** Deletes batches after 7 days. Their jobs stay as long as other jobs. Call it before finished jobs are pruned. */
export const pruneBatches = (sql: Sql): Promise<unknown> =>
  sql(`DELETE FROM "JobBatch" WHERE "createdAt" < now() - interval '${KEEP} days'`, []);
