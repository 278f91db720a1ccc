import type { ErrorKind } from "../errors.ts";
import { CRASHED_AFTER, LAST_SPAN, WITH_CRASH, withRun } from "./history.ts";
import { ASYNC_COMMIT, asArrays, HAS_OWN_TRACE, IS_RUNNING, toJson, type Delivery, type Sql } from "./sql.ts";

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
  /** The request and the job that enqueued it. */
  requestId: string | null;
  causeId: string | null;
  /** The span that enqueued it. */
  traceparent: string | null;
  /** The span of the newest run that is in the history. */
  lastSpan: string | null;
  /** Whether a run begins a trace of its own, linked to the spans above: it is late, or one of a batch. */
  ownTrace: boolean;
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
  /** The traceparent of the run's span. */
  span?: string | undefined;
}

/** Seconds after a retry is due in which the sweep leaves the job alone. An emptied broker did not keep the retry. */
const RETRY_TRUST = 5;

/**
 * What the ledger has of a delivery that must not start: the epoch of its job, and whether a live worker runs it.
 * Undefined if there is no such job.
 */
export const findDelivered = async (
  sql: Sql,
  { id, epoch }: Delivery,
): Promise<{ epoch: number; isRunning: boolean } | undefined> => {
  const text = `SELECT epoch, epoch = $2::int AND state IN ('PENDING', 'PUBLISHED') AND ${IS_RUNNING} AS "isRunning"
    FROM "Job" j WHERE id = $1::uuid`;
  return (await sql<{ epoch: number; isRunning: boolean }>(text, [id, epoch]))[0];
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
               greatest(0, extract(epoch FROM now() - j."readyAt")::float8 * 1000) AS "waitMs", ${CRASHED_AFTER},
               j."requestId", j."causeId", j.traceparent, ${HAS_OWN_TRACE} AS "ownTrace", ${LAST_SPAN}`,
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
const ENTRY = `jsonb_build_object('startedAt', j."startedAt", 'endedAt', now(), 'by', j."startedBy", 'outcome', ${RECORDED},
  'kind', t.kind, 'error', t.error,
  'retryAt', CASE WHEN ${RECORDED} IN ('retry', 'limited') THEN now() + t.delay * interval '1 millisecond' END)
  || CASE WHEN t.span IS NULL THEN '{}' ELSE jsonb_build_object('span', t.span) END`;

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
     FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[])
            t (id, epoch, outcome, kind, error, delay, span)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state IN ('PENDING', 'PUBLISHED') AND j."startedBy" = $8
     RETURNING j.id, j.epoch`,
    [
      ...asArrays(items),
      ...(["outcome", "kind", "error", "delay", "span"] as const).map((field) =>
        items.map((item) => item[field]),
      ),
      worker,
    ],
  );
