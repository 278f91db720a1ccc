import type { ErrorKind } from "../errors.ts";
import { CRASHED_AFTER, WITH_CRASH, withRun } from "./history.ts";
import { ASYNC_COMMIT, asArrays, IS_RUNNING, toJson, type Delivery, type Sql } from "./sql.ts";

/** A job whose run begins. */
export interface StartedJob extends Delivery {
  /** The job that waits for this one. */
  parentId: string | null;
  orderKey: string | null;
  payload: unknown;
  /** Failed attempts so far. */
  attempt: number;
  /** Runs so far whose process died. */
  crashes: number;
  /** Milliseconds since the job was ready to run: due, and its children finished. Includes runs that crashed. */
  waitMs: number;
  /** Milliseconds until the crash of the run before was found; null if that did not crash. */
  crashedAfter: number | null;
}

/** A run that completed its job. */
export interface Completion extends Delivery {
  /** JSON, see `toJson`. */
  result: string;
}

/** A run that did not complete its job. `released` spends no attempt. */
export interface RunOutcome extends Delivery {
  outcome: "retry" | "failed" | "released";
  kind: ErrorKind;
  error: string | null;
  /** Milliseconds until the broker delivers the job again. */
  delay: number;
}

/** Seconds after a retry is due in which the sweep leaves the job alone. An emptied broker did not keep the retry. */
const RETRY_TRUST = 5;

/** Whether a live worker process runs the job. */
export const isRunning = async (sql: Sql, { id, epoch }: Delivery): Promise<boolean> => {
  const text = `SELECT id FROM "Job" j WHERE id = $1::uuid AND epoch = $2::int
    AND state IN ('PENDING', 'PUBLISHED') AND ${IS_RUNNING}`;
  return (await sql(text, [id, epoch])).length > 0;
};

/**
 * Records the start of runs and loads what they need. Omits jobs that are finished, cancelled, published again, or run
 * by another live worker. If an earlier run has no end and its worker is dead, that run is recorded as a crash.
 */
export const startJobs = (sql: Sql, items: readonly Delivery[], worker: string): Promise<StartedJob[]> =>
  sql(
    `UPDATE "Job" j SET "startedAt" = now(), "startedBy" = $3,
            crashes = j.crashes + CASE WHEN j."startedAt" IS NULL OR j."startedBy" = $3 THEN 0 ELSE 1 END,
            history = CASE WHEN j."startedAt" IS NULL OR j."startedBy" = $3 THEN j.history ELSE ${WITH_CRASH} END
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch), ${ASYNC_COMMIT}
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state IN ('PENDING', 'PUBLISHED')
       AND (j."startedAt" IS NULL OR j."startedBy" = $3 OR NOT ${IS_RUNNING})
     RETURNING j.id, j.epoch, j.payload, j.attempt, j.crashes, j."parentId", j."orderKey",
               greatest(0, extract(epoch FROM now() - j."readyAt")::float8 * 1000) AS "waitMs", ${CRASHED_AFTER}`,
    [...asArrays(items), worker],
  );

/** Stores the progress of a run. */
export const recordProgress = (sql: Sql, { id, epoch }: Delivery, progress: unknown): Promise<unknown> =>
  sql(
    `UPDATE "Job" SET progress = $3::jsonb WHERE id = $1::uuid AND epoch = $2::int AND state IN ('PENDING', 'PUBLISHED')`,
    [id, epoch, toJson(progress)],
  );

/** Of a worker's runs, those that are still its own: not ended, and not started again by another worker. */
export const stillRunBy = (sql: Sql, items: readonly Delivery[], worker: string): Promise<Delivery[]> =>
  sql(
    `SELECT j.id, j.epoch FROM "Job" j JOIN unnest($1::uuid[], $2::int[]) t (id, epoch) USING (id, epoch)
     WHERE j."startedBy" = $3 AND j.state IN ('PENDING', 'PUBLISHED')`,
    [...asArrays(items), worker],
  );

/** Completes jobs, each at most once. Resolves with the deliveries that completed their job. */
export const completeJobs = (sql: Sql, items: readonly Completion[]): Promise<Delivery[]> =>
  sql(
    `UPDATE "Job" j SET state = 'COMPLETED', "finishedAt" = now(), result = t.result, error = NULL
     FROM unnest($1::uuid[], $2::int[], $3::jsonb[]) t (id, epoch, result)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state IN ('PENDING', 'PUBLISHED')
     RETURNING j.id, j.epoch`,
    [...asArrays(items), items.map(({ result }) => result)],
  );

/** SQL: what the history calls the outcome `t`, and its entry. */
const RECORDED = `CASE t.kind WHEN 'rate-limited' THEN 'limited' ELSE t.outcome END`;
const ENTRY = `'startedAt', j."startedAt", 'endedAt', now(), 'by', j."startedBy", 'outcome', ${RECORDED}, 'kind', t.kind,
  'error', t.error,
  'retryAt', CASE WHEN ${RECORDED} IN ('retry', 'limited') THEN now() + t.delay * interval '1 millisecond' END`;

/** Records a worker's runs that did not complete. Resolves with those that were still its own. */
export const recordOutcomes = (sql: Sql, items: readonly RunOutcome[], worker: string): Promise<Delivery[]> =>
  sql(
    `UPDATE "Job" j SET
            state = CASE t.outcome WHEN 'failed' THEN 'FAILED' ELSE j.state END,
            "finishedAt" = CASE t.outcome WHEN 'failed' THEN now() END,
            "errorKind" = CASE t.outcome WHEN 'failed' THEN t.kind END,
            "dueAt" = now() + CASE t.outcome WHEN 'released' THEN interval '0' ELSE interval '${RETRY_TRUST} seconds' END
                      + t.delay * interval '1 millisecond',
            "readyAt" = now() + t.delay * interval '1 millisecond',
            attempt = j.attempt + CASE t.outcome WHEN 'released' THEN 0 ELSE 1 END,
            history = ${withRun(RECORDED, ENTRY)},
            error = COALESCE(t.error, j.error), "startedAt" = NULL, "startedBy" = NULL
     FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int8[]) t (id, epoch, outcome, kind, error, delay)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state IN ('PENDING', 'PUBLISHED') AND j."startedBy" = $7
     RETURNING j.id, j.epoch`,
    [
      ...asArrays(items),
      ...(["outcome", "kind", "error", "delay"] as const).map((field) => items.map((item) => item[field])),
      worker,
    ],
  );
