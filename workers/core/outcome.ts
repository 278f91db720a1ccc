import { describeError, kindOf, RateLimitedError, type ErrorKind } from "./errors.ts";
import { backoffDelay, type JobDefinition } from "./job.ts";
import type { RunOutcome, StartedJob } from "./ledger/runs.ts";
import type { Delivery } from "./ledger/sql.ts";
import type { Log } from "./log.ts";
import { traceIdOf, type Span } from "./trace.ts";

/** How a run ended. */
export interface RunReport {
  job: string;
  id: string;
  /** 1 for the first attempt. */
  attempt: number;
  /** `superseded`: another delivery finished the job first. `crashed`: found by a later run, or by the sweep. */
  outcome: "completed" | "superseded" | "crashed" | RunOutcome["outcome"];
  /** Absent when the job was completed or superseded. */
  kind?: ErrorKind;
  error?: string;
  /** The request or the job that enqueued it. */
  requestId?: string;
  causeId?: string;
  /** The trace of this run. */
  traceId?: string;
  /** Milliseconds until the next delivery, after `retry` and `released`. */
  delay?: number;
  /** Milliseconds between the moment the job was ready to run and its start. Absent for crashes. */
  waitMs?: number;
  /** Milliseconds from start to end. */
  runMs: number;
}

/** Receives the end of every run. It must not throw. */
export type Observe = (report: RunReport) => void;

/** Logs each run once: as an error when no attempt is left. */
export const logRuns =
  (log: Log): Observe =>
  ({ runMs, waitMs, ...rest }) => {
    const fields = {
      ...rest,
      ms: Math.round(runMs),
      ...(waitMs !== undefined && { waitMs: Math.round(waitMs) }),
    };
    if (rest.outcome === "failed") log.error(fields, "job");
    else log.info(fields, "job");
  };

/** Passes each report to all observers. An observer that throws is logged and does not affect the run. */
export const observeWith =
  (log: Log, observers: readonly Observe[]): Observe =>
  (report) => {
    for (const observe of observers) {
      try {
        observe(report);
      } catch (error) {
        log.error({ error: describeError(error) }, "an observer of runs failed");
      }
    }
  };

/** What the ledger records of a run that threw. */
export const classify = (
  job: JobDefinition,
  { attempt }: StartedJob,
  error: unknown,
): Omit<RunOutcome, keyof Delivery> => {
  const kind = kindOf(error);
  if (kind === "released") return { outcome: "released", kind, error: null, delay: 0 };
  const text = describeError(error);
  if (error instanceof RateLimitedError)
    return { outcome: "released", kind, error: text, delay: error.scope === "process" ? 0 : error.ms };
  if (kind === "permanent" || kind === "crashed" || attempt + 1 >= job.attempts)
    return { outcome: "failed", kind, error: text, delay: 0 };
  return { outcome: "retry", kind, error: text, delay: backoffDelay(job.backoff, attempt + 1) };
};

/** Reports a run that starts now when it is called. Reports a crash of the run before at once. */
export const reporter = (job: JobDefinition, started: StartedJob, observe: Observe, span?: Span) => {
  const { requestId, causeId } = started;
  const run = {
    ...{ job: job.name, id: started.id, attempt: started.attempt + 1 },
    ...(requestId !== null && { requestId }),
    ...(causeId !== null && { causeId }),
    ...(span && { traceId: traceIdOf(span.traceparent) }),
  };
  if (started.crashedAfter !== null)
    observe({ ...run, outcome: "crashed", kind: "crashed", runMs: started.crashedAfter });
  const { waitMs } = started;
  const startedAt = performance.now();
  return ({ outcome, kind, error, delay }: Ending): void =>
    observe({
      ...run,
      outcome,
      ...(kind && { kind }),
      ...(error && { error }),
      ...((outcome === "retry" || outcome === "released") && { delay: delay ?? 0 }),
      waitMs,
      runMs: performance.now() - startedAt,
    });
};

/** What is known about a run when it has ended. */
export type Ending = Pick<RunReport, "outcome"> & Partial<Omit<RunOutcome, keyof Delivery | "outcome">>;
