/** The work can never succeed: the job goes to the dead letter now, whatever attempts are left. */
export class PermanentError extends Error {
  override name = "PermanentError";
}

/**
 * The provider asks for a pause. The whole queue waits `ms` milliseconds and no attempt is spent.
 * A job without a `rateLimit` has no queue to pause: it waits alone, and no attempt is spent either.
 */
export class RateLimitedError extends Error {
  override name = "RateLimitedError";
  readonly ms: number;

  /** @throws RangeError when the pause is no number */
  constructor(ms: number, options?: { cause?: unknown }) {
    if (!Number.isFinite(ms)) throw new RangeError(`a pause of ${ms} ms`, options);
    const reason = options?.cause instanceof Error ? `: ${options.cause.message}` : "";
    super(`the provider asks for a pause of ${ms} ms${reason}`, options);
    this.ms = Math.max(0, Math.ceil(ms));
  }
}

/** Another delivery of the same job finished first: this one's transaction must roll back. */
export class SupersededError extends Error {
  override name = "SupersededError";
}

/** The run was stopped from outside and gives its job back: lock lost, or the process shuts down. */
export class ReleaseError extends Error {
  override name = "ReleaseError";
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

const SQLSTATE = /^(\d[\dA-Z]|P0|XX|HV|F0)[\dA-Z]{3}$/;

// What PostgreSQL says of itself rather than of the statement: connection (08), rollback (40), resources (53), intervention
// (57), the system (58), a lock that was not free, a transaction that was idle, a server that may only be read.
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
const PASSING = /^((08|40|53|57|58)...|55P03|25P03|25006)$/;

/** Whether the same statement may succeed later: anything but our own stops, and PostgreSQL refusing the statement. */
export const isTransient = (error: unknown): boolean => {
  if (error instanceof SupersededError || error instanceof ReleaseError) return false;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return !SQLSTATE.test(code) || PASSING.test(code);
};
