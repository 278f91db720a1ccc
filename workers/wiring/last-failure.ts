import { PermanentError, RateLimitedError, ReleaseError, SupersededError } from "../core/index.ts";
import type { Handler, JobDefinition, Payload } from "../core/index.ts";

/**
 * A handler that also calls `failed` when an attempt fails after which there is no other, before the job goes to the
 * dead letter. Not for a job that ends because its process died too often: then no code of ours runs.
 */
export const withLastFailure =
  <J extends JobDefinition, Tx>(
    job: J,
    handler: Handler<J, Tx>,
    failed: (payload: Payload<J>, jobId: string) => Promise<unknown>,
  ): Handler<J, Tx> =>
  async (payload, run) => {
    try {
      return await handler(payload, run);
    } catch (error) {
      const cause: unknown = run.signal.aborted ? run.signal.reason : error;
      const isLast = cause instanceof PermanentError || run.attempt >= job.attempts;
      if (isLast && !WITHOUT_ATTEMPT.some((type) => cause instanceof type)) await failed(payload, run.id);
      throw error;
    }
  };

/** The job is not over after these: it runs again, or has been completed elsewhere. */
const WITHOUT_ATTEMPT = [RateLimitedError, ReleaseError, SupersededError];
