import type { StartedJob } from "./ledger/runs.ts";
import type { Ending } from "./outcome.ts";
import { jobAttributes, type Span, type Tracing } from "./trace.ts";

/**
 * Calls `work` in the span of a run, if there is tracing. The first run and its retries are children of the enqueue,
 * and each is linked to the run before. A run that is late, or one of a batch, begins its own trace with the same
 * links: else a trace would last for days, or have thousands of jobs.
 */
export const inRunSpan = async <Result>(
  tracing: Tracing | undefined,
  name: string,
  started: StartedJob,
  work: (span?: Span) => Promise<Result>,
): Promise<Result> => {
  if (!tracing) return work();
  const { id, epoch, attempt, crashes, traceparent, ownTrace, lastSpan, requestId, causeId } = started;
  const parent = ownTrace ? null : traceparent;
  const enqueue = ownTrace && traceparent ? [traceparent] : [];
  const previous = recordCrash(tracing, name, started) ?? lastSpan;
  const answer = await tracing.during(
    `run ${name}`,
    {
      kind: "consumer",
      parent,
      links: [...enqueue, ...(previous ? [previous] : [])],
      attributes: {
        ...jobAttributes("process", name, id),
        "offstage.job.epoch": epoch,
        "offstage.job.attempt": attempt + 1,
        ...(crashes > 0 && { "offstage.job.crashes": crashes }),
        ...(requestId !== null && { "offstage.request.id": requestId }),
        ...(causeId !== null && { "offstage.job.cause": causeId }),
      },
    },
    // What it throws is the answer to the broker. How the run ended is in the span by then.
    async (span) => (await Promise.allSettled([work(span)]))[0],
  );
  if (answer.status === "rejected") throw answer.reason;
  return answer.value;
};

/** Records how a run ended. A run that was given back, or whose job another one has ended, has not failed. */
export const markEnd = (span: Span, { outcome, kind, error }: Ending): void => {
  span.set({ "offstage.job.outcome": outcome });
  if (outcome === "retry" || outcome === "failed") span.fail(kind ?? "_OTHER", error ?? undefined);
};

/**
 * Records the span of a run whose process died, and so could not: from its start until the crash was found. Returns its
 * traceparent; undefined if there was no crash.
 */
export const recordCrash = (
  tracing: Tracing,
  name: string,
  { id, attempt, crashedAfter, traceparent, ownTrace }: CrashedRun,
): string | undefined => {
  if (crashedAfter === null) return undefined;
  const attributes = {
    ...jobAttributes("process", name, id),
    "offstage.job.attempt": attempt + 1,
    "offstage.job.outcome": "crashed",
  };
  const parent = ownTrace ? null : traceparent;
  const links = ownTrace && traceparent ? [traceparent] : [];
  return tracing.past(
    `run ${name}`,
    crashedAfter,
    { kind: "consumer", parent, links, attributes },
    "crashed",
  );
};

type CrashedRun = Pick<StartedJob, "id" | "attempt" | "crashedAfter" | "traceparent" | "ownTrace">;
