import type { ErrorKind } from "../errors.ts";
import type { Sql } from "./sql.ts";

export type JobState = "WAITING" | "PENDING" | "PUBLISHED" | "COMPLETED" | "FAILED" | "CANCELLED";

/** A run of a job that did not complete it, or what else happened to the job between two runs. */
export interface HistoryEntry {
  /** Null if it was not a run. */
  startedAt: string | null;
  endedAt: string;
  /** The id of the worker process. */
  by: string | null;
  /**
   * `retry`, `failed`, `crashed`: an attempt, or the death of its process. `released`, `limited` (RateLimitedError): a
   * run given back without an attempt. `lost`: published again because its broker did not know the job, or had no
   * worker left for it. `replayed`: taken out of the dead letter.
   */
  outcome: "retry" | "failed" | "crashed" | "released" | "limited" | "lost" | "replayed";
  kind?: ErrorKind;
  error?: string | null;
  /** When the next run is due, after `retry` and `limited`. */
  retryAt?: string | null;
  /** Runs released or limited one after the other are one entry, from the first start to the last end. */
  count?: number;
  /** The traceparent of the run's span, if it was traced. */
  span?: string;
}

/** A row of the ledger. */
export interface JobRow {
  id: string;
  rootId: string | null;
  parentId: string | null;
  onFailure: string | null;
  batchId: string | null;
  /** The request that enqueued it, and the job whose run did: see origin.ts. */
  requestId: string | null;
  causeId: string | null;
  /** The span that enqueued it, if there is tracing: see trace.ts. */
  traceparent: string | null;
  name: string;
  payload: unknown;
  key: string | null;
  orderKey: string | null;
  state: JobState;
  epoch: number;
  priority: number;
  /** Failed attempts so far. */
  attempt: number;
  crashes: number;
  /** Refusals by the broker since the last publication. */
  publishTries: number;
  progress: unknown;
  /** At most the newest 50 entries. */
  history: HistoryEntry[];
  result: unknown;
  error: string | null;
  /** What kind of error ended it: an ErrorKind, `refused` by the broker, or `child` failed. Only while it is FAILED. */
  errorKind: string | null;
  createdAt: Date;
  dueAt: Date;
  readyAt: Date;
  publishedAt: Date | null;
  startedAt: Date | null;
  startedBy: string | null;
  finishedAt: Date | null;
}

export interface JobFilter {
  state?: JobState | undefined;
  name?: string | undefined;
  /** Created at most this many seconds ago. */
  seconds?: number | undefined;
  limit: number;
}

/** The newest jobs that match, newest first. */
export const findJobs = (sql: Sql, { state, name, seconds, limit }: JobFilter): Promise<JobRow[]> =>
  sql(
    `SELECT * FROM "Job"
     WHERE ($1::text IS NULL OR state::text = $1) AND ($2::text IS NULL OR name = $2)
       AND ($3::int IS NULL OR "createdAt" > now() - $3::int * interval '1 second')
     ORDER BY id DESC LIMIT $4::int`,
    [state ?? null, name ?? null, seconds ?? null, limit],
  );

export const findJob = async (sql: Sql, id: string): Promise<JobRow | undefined> =>
  (await sql<JobRow>(`SELECT * FROM "Job" WHERE id = $1::uuid`, [id]))[0];

/** The jobs of a flow in the order in which they were enqueued: parents before children. */
export const findFlow = (sql: Sql, rootId: string): Promise<JobRow[]> =>
  sql(`SELECT * FROM "Job" WHERE "rootId" = $1::uuid ORDER BY id`, [rootId]);

export type RecordJob = Pick<JobRow, "id" | "name" | "state" | "startedAt" | "progress"> & {
  recordId: string;
};

/**
 * The jobs of some records: those whose payload has one of the ids in `field`, in the order in which they were
 * enqueued. Needs an index: `CREATE INDEX ON "Job" ((payload ->> 'field')) WHERE payload ? 'field'`.
 * @throws TypeError when the field is not an identifier
 */
export const findJobsOfRecords = async (
  sql: Sql,
  field: string,
  ids: readonly string[],
): Promise<RecordJob[]> =>
  sql(
    `SELECT id, name, state::text, "startedAt", progress, ${fieldOf(field)} AS "recordId" FROM "Job"
     WHERE ${hasField(field)} AND ${fieldOf(field)} = ANY ($1::text[]) ORDER BY id`,
    [ids],
  );

/** SQL: the field of a payload. A literal, because the planner matches the index by its expression. */
export const fieldOf = (field: string): string => {
  if (!/^[A-Za-z]\w*$/.test(field)) throw new TypeError(`not a payload field: "${field}"`);
  return `payload ->> '${field}'`;
};

/** SQL: whether a payload has the field, the condition of the index. */
export const hasField = (field: string): string => `payload ? '${field}'`;
