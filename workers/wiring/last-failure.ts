import {
  defineWorker,
  PermanentError,
  RateLimitedError,
  ReleaseError,
  SupersededError,
} from "../core/index.ts";
import type { Handler, JobDefinition, Payload, Worker } from "../core/index.ts";

/** A worker that also calls `failed` before its job goes to the dead letter, whatever the reason. */
export const defineReportingWorker = <J extends JobDefinition, Tx>(
  job: J,
  handler: Handler<J, Tx>,
  failed: (payload: Payload<J>, jobId: string) => Promise<unknown>,
): Worker<Tx> =>
  defineWorker<J, Tx>(
    job,
    async (payload, run) => {
      try {
        return await handler(payload, run);
      } catch (error) {
        const cause: unknown = run.signal.aborted ? run.signal.reason : error;
        const isLast = cause instanceof PermanentError || run.attempt >= job.attempts;
        if (isLast && !WITHOUT_ATTEMPT.some((type) => cause instanceof type)) await failed(payload, run.id);
        throw error;
      }
    },
    failed,
  );

/** The job is not over after these: it runs again, or has been completed elsewhere. */
const WITHOUT_ATTEMPT = [RateLimitedError, ReleaseError, SupersededError];
