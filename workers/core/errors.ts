/** The work can never succeed: the job goes to the dead letter now, whatever attempts are left. */
export class PermanentError extends Error {
  override name = "PermanentError";
}

/**
 * The provider asks for a pause. The whole queue waits `ms` milliseconds and no attempt is spent.
 * A job without a `limit` has no queue to pause: it waits alone, and no attempt is spent either.
 */
export class RateLimitedError extends Error {
  override name = "RateLimitedError";
  readonly ms: number;

  constructor(ms: number, options?: { cause?: unknown }) {
    const reason = options?.cause instanceof Error ? `: ${options.cause.message}` : "";
    super(`the provider asks for a pause of ${ms} ms${reason}`, options);
    this.ms = ms;
  }
}

/** Another delivery of the same job finished first: this one's transaction must roll back. */
export class SupersededError extends Error {
  override name = "SupersededError";
}

/** The run was stopped from outside and gives its job back: lock lost, or the process shuts down. */
export class YieldError extends Error {
  override name = "YieldError";
}

/** One line about an error, fit for the ledger: at most 500 characters, no stack. */
export const describeError = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split("\n").find((each) => each.trim() !== "") ?? "";
  const code = error instanceof Error && "code" in error ? ` ${String(error.code)}` : "";
  return (error instanceof Error ? `${error.name}${code}: ${line}` : line)
    .replaceAll("\u0000", "")
    .toWellFormed()
    .slice(0, 500);
};

// PostgreSQL's classes for "the statement is wrong": data (22), constraint (23), name or syntax (42).
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
const WRONG_STATEMENT = /^(22|23|42)[0-9A-Z]{3}$/;

/** Whether the same statement may succeed later: anything but our own stops, and PostgreSQL saying that it is wrong. */
export const isTransient = (error: unknown): boolean =>
  !(error instanceof SupersededError || error instanceof YieldError) &&
  !(error instanceof Error && "code" in error && WRONG_STATEMENT.test(String(error.code)));
