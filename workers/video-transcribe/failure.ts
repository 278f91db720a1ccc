import { PermanentError, ProviderError, RateLimitedError } from "../core/index.ts";

/** Milliseconds, used without a Retry-After header. */
const DEFAULT_PAUSE = 5_000;
const MAX_PAUSE = 60_000;
/** Milliseconds after the upload. Later, a 429 spends an attempt instead of pausing the queue. */
const PAUSES_ALLOWED = 600_000;

/**
 * Classifies the provider's response by its status. A wrong key (401, 403) spends the attempts, because the video does
 * not wait until the operator has fixed it: `npm run jobs -- retry` creates the subtitles later.
 */
export const classifyProviderError = (error: unknown, uploadedAt: Date | null): unknown => {
  const { status, retryAfter } = factsOf(error);
  const isRecent = Date.now() - (uploadedAt?.getTime() ?? 0) < PAUSES_ALLOWED;
  if (status === 429 && isRecent)
    return new RateLimitedError(Math.min(MAX_PAUSE, retryAfter ?? DEFAULT_PAUSE), { cause: error });
  if (status && PERMANENT.includes(status))
    return new PermanentError(`the provider rejected the audio: ${status}`, { cause: error });
  return error instanceof Error ? new ProviderError(error.message, { cause: error }) : error;
};

/** Bad request, too large, unsupported type, unprocessable: the same audio will be rejected again. */
const PERMANENT = [400, 413, 415, 422];

const factsOf = (error: unknown): { status?: number; retryAfter?: number } =>
  error instanceof Error && "status" in error ? (error as { status?: number; retryAfter?: number }) : {};
