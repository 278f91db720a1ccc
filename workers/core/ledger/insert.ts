import type { OnFailure } from "../job.ts";
import type { Sql } from "./sql.ts";

/** A job as it is inserted. */
export interface NewJob {
  id: string;
  name: string;
  /** JSON, see `toJson`. */
  payload: string;
  key: string | null;
  priority: number;
  /** Milliseconds until the job is due. */
  delay: number;
  rootId: string | null;
  parentId: string | null;
  onFailure: OnFailure | null;
  state: "WAITING" | "PENDING";
}

/** One of many jobs as they are inserted: due at once, and without a flow. */
export type BatchedJob = Pick<NewJob, "payload" | "key" | "priority">;

/** Inserts jobs of one name. Resolves with the number of those whose idempotency key did not exist. */
export const insertJobs = async (
  sql: Sql,
  name: string,
  jobs: readonly (BatchedJob & { id: string })[],
  batchId: string | null,
): Promise<number> => {
  // In the order of the keys, so that two transactions with the same keys wait for each other without a deadlock.
  const [row] = await sql<{ count: number }>(
    `WITH inserted AS (
       INSERT INTO "Job" (id, name, payload, key, priority, "batchId")
       SELECT id, $1, payload, key, priority, $2::uuid
       FROM unnest($3::uuid[], $4::jsonb[], $5::text[], $6::int[]) t (id, payload, key, priority) ORDER BY key
       ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING
       RETURNING id)
     SELECT count(*)::int FROM inserted`,
    [
      name,
      batchId,
      ...(["id", "payload", "key", "priority"] as const).map((field) => jobs.map((job) => job[field])),
    ],
  );
  return row?.count ?? 0;
};

/** Inserts a job. Resolves with its id, or with the id of the existing job that has the same idempotency key. */
export const insertJob = async (sql: Sql, job: NewJob): Promise<string> => {
  const [row] = await sql<{ id: string }>(
    `INSERT INTO "Job" (id, name, payload, key, priority, "dueAt", "readyAt", "rootId", "parentId", "onFailure", state)
     VALUES ($1::uuid, $2, $3::jsonb, $4, $5::int, now() + $6::int8 * interval '1 millisecond',
             now() + $6::int8 * interval '1 millisecond', $7::uuid, $8::uuid, $9, $10::"JobState")
     ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING
     RETURNING id`,
    [
      ...[job.id, job.name, job.payload, job.key, job.priority, job.delay],
      ...[job.rootId, job.parentId, job.onFailure, job.state],
    ],
  );
  if (row) return row.id;
  const existing = `SELECT id FROM "Job" WHERE name = $1 AND key = $2`;
  const [twin] = await sql<{ id: string }>(existing, [job.name, job.key]);
  if (!twin) throw new Error("the job with this idempotency key was deleted just now: try again");
  return twin.id;
};
