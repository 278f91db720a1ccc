import { PermanentError, ProviderError, RateLimitedError } from "../core/index.ts";

/** Milliseconds without a Retry-After. */
const PAUSE = 5_000;
const MAX_PAUSE = 60_000;
/** Milliseconds after the upload during which a provider may ask for pauses. After that each costs an attempt. */
const PATIENCE = 600_000;

/**
 * Classifies the provider's response by its status. A wrong key (401, 403) must be fixed by the operator, and
 * the video does not wait for it: it spends the attempts, and `npm run jobs -- retry` makes the subtitles later.
 */
export const providerError = (error: unknown, uploadedAt: Date | null): unknown => {
  const { status, retryAfter } = factsOf(error);
  const isYoung = Date.now() - (uploadedAt?.getTime() ?? 0) < PATIENCE;
  if (status === 429 && isYoung)
    return new RateLimitedError(Math.min(MAX_PAUSE, retryAfter ?? PAUSE), { cause: error });
  if (status && REFUSALS.includes(status))
    return new PermanentError(`the provider refused the sound: ${status}`, { cause: error });
  return error instanceof Error ? new ProviderError(error.message, { cause: error }) : error;
};

/** Bad request, too large, wrong type, not to be processed: the same sound will be refused again. */
const REFUSALS = [400, 413, 415, 422];

const factsOf = (error: unknown): { status?: number; retryAfter?: number } =>
  error instanceof Error && "status" in error ? (error as { status?: number; retryAfter?: number }) : {};
