import { describeError, PermanentError, RateLimitedError, ReleaseError } from "./errors.ts";
import { backoffDelay } from "./job.ts";
import type { JobDefinition } from "./job.ts";
import type { Delivery, Setback, StartedJob } from "./ledger.ts";

/** Thrown to the broker, which delivers again after `delay` ms. It carries no more than the ledger does. */
export class RetryError extends Error {
  readonly delay: number;

  constructor(message: string, delay: number) {
    super(message);
    this.delay = delay;
  }
}

/** What the ledger records of a run that did not complete. */
export const classify = (
  job: JobDefinition,
  { attempt }: StartedJob,
  error: unknown,
): Omit<Setback, keyof Delivery> => {
  if (error instanceof ReleaseError) return { outcome: "released", error: null, delay: 0 };
  const text = describeError(error);
  if (error instanceof RateLimitedError) return { outcome: "released", error: text, delay: error.ms };
  if (error instanceof PermanentError || attempt + 1 >= job.attempts)
    return { outcome: "failed", error: text, delay: 0 };
  return { outcome: "retry", error: text, delay: backoffDelay(job.backoff, attempt + 1) };
};
