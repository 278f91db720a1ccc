import { count } from "../counts.ts";
import type { OnFailure } from "../job.ts";
import { currentOrigin } from "../origin.ts";
import { lockKey } from "./order.ts";
import type { Sql } from "./sql.ts";

/** A job as it is inserted. */
export interface NewJob {
  id: string;
  name: string;
  /** JSON, see `toJson`. */
  payload: string;
  key: string | null;
  /** A job with an ordering key has no children. */
  orderKey: string | null;
  priority: number;
  /** Milliseconds until the job is due. */
  delay: number;
  rootId: string | null;
  parentId: string | null;
  onFailure: OnFailure | null;
  state: "WAITING" | "PENDING";
}

/** One of many jobs as they are inserted: due at once, and without a flow. */
export type BatchedJob = Pick<NewJob, "payload" | "key" | "orderKey" | "priority">;

/**
 * Inserts jobs of one name. Those with an ordering key, which must be locked, are WAITING. Resolves with the number of
 * those whose idempotency key did not exist.
 */
export const insertJobs = async (
  sql: Sql,
  name: string,
  jobs: readonly (BatchedJob & { id: string })[],
  batchId: string | null,
): Promise<number> => {
  // In the order of the keys, so that two transactions with the same keys wait for each other without a deadlock. Then
  // in the order of the ids, in which the items were given.
  const [row] = await sql<{ count: number }>(
    `WITH inserted AS (
       INSERT INTO "Job" (id, name, payload, key, priority, "batchId", "requestId", "causeId", traceparent, "orderKey", "orderSeq", state)
       SELECT id, $1, payload, key, priority, $2::uuid, $8::text, $9::uuid, $10::text, "orderKey",
              CASE WHEN "orderKey" IS NOT NULL THEN nextval('"Job_orderSeq_seq"') END, (CASE WHEN "orderKey" IS NULL THEN 'PENDING' ELSE 'WAITING' END)::"JobState"
       FROM unnest($3::uuid[], $4::jsonb[], $5::text[], $6::int[], $7::text[]) t (id, payload, key, priority, "orderKey")
       ORDER BY key, id
       ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING
       RETURNING id)
     SELECT count(*)::int FROM inserted`,
    [
      name,
      batchId,
      ...(["id", "payload", "key", "priority", "orderKey"] as const).map((field) =>
        jobs.map((job) => job[field]),
      ),
      ...origin(),
    ],
  );
  const inserted = row?.count ?? 0;
  count("inserted", name, inserted);
  return inserted;
};

type OriginColumns = [requestId: string | null, causeId: string | null, traceparent: string | null];

const origin = (): OriginColumns => {
  const { requestId = null, causeId = null, tracing } = currentOrigin();
  return [requestId, causeId, tracing?.current() ?? null];
};

/** SQL: inserts the row of a query or of VALUES. */
const insertOne = (source: string): string =>
  `INSERT INTO "Job" (id, name, payload, key, priority, "dueAt", "readyAt", "rootId", "parentId", "onFailure", state,
                      "requestId", "causeId", traceparent, "orderKey", "orderSeq") ${source}
   ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING
   RETURNING id`;

const VALUES = `$1::uuid, $2, $3::jsonb, $4, $5::int, now() + $6::int8 * interval '1 millisecond',
                now() + $6::int8 * interval '1 millisecond', $7::uuid, $8::uuid, $9, $10::"JobState", $11, $12::uuid, $13::text, $14::text`;

// The place is taken when a row comes out of the subquery, so when the key is locked.
const INSERT_ORDERED = insertOne(
  `SELECT ${VALUES}, nextval('"Job_orderSeq_seq"') FROM (SELECT ${lockKey("$2", "$14")} OFFSET 0) locked`,
);
const INSERT = insertOne(`VALUES (${VALUES}, NULL)`);

/**
 * Inserts a job, and locks its ordering key until the transaction ends. Resolves with its id, or with the id of the
 * existing job that has the same idempotency key.
 */
export const insertJob = async (sql: Sql, job: NewJob): Promise<string> => {
  const [row] = await sql<{ id: string }>(job.orderKey === null ? INSERT : INSERT_ORDERED, [
    ...[job.id, job.name, job.payload, job.key, job.priority, job.delay],
    ...[job.rootId, job.parentId, job.onFailure, job.state, ...origin(), job.orderKey],
  ]);
  if (row) {
    count("inserted", job.name);
    return row.id;
  }
  const existing = `SELECT id FROM "Job" WHERE name = $1 AND key = $2`;
  const [twin] = await sql<{ id: string }>(existing, [job.name, job.key]);
  if (!twin) throw new Error("the job with this idempotency key was deleted just now: try again");
  return twin.id;
};
