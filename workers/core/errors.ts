/** Why a run ended without completing its job. */
export type ErrorKind =
  | "ours" // our code, our database, or anything not named below
  | "provider"
  | "permanent"
  | "timeout"
  | "crashed"
  | "rate-limited"
  | "released";

/** The work can never succeed: the job goes to the dead letter now, whatever attempts are left. */
export class PermanentError extends Error {
  override name = "PermanentError";
}

/** An external provider failed. Retried like any other error, but reported as the provider's. */
export class ProviderError extends Error {
  override name = "ProviderError";
}

export interface PauseOptions {
  cause?: unknown;
  /**
   * `process`: only this process pauses. It takes no job of this queue, and others take the released one at once. For
   * what other processes may still have, such as a connection to the provider. Default: `queue`.
   */
  scope?: "queue" | "process";
  /** What the operator must do. Logged as an error once per pause, because waiting will not end the failure. */
  alert?: string;
}

/**
 * The provider asks for a pause. The whole queue waits `ms` milliseconds, and no attempt is spent.
 * Without a `rateLimit` in the job's definition, only this job waits.
 */
export class RateLimitedError extends Error {
  override name = "RateLimitedError";
  readonly ms: number;
  readonly scope: "queue" | "process";
  readonly alert: string | undefined;

  /** @throws RangeError when `ms` is not a number */
  constructor(ms: number, { cause, scope = "queue", alert }: PauseOptions = {}) {
    if (!Number.isFinite(ms)) throw new RangeError(`a pause of ${ms} ms`, { cause });
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    super(`the provider asks for a pause of ${ms} ms${reason}`, { cause });
    this.ms = Math.max(0, Math.ceil(ms));
    this.scope = scope;
    this.alert = alert;
  }
}

/** The run took longer than the job's `timeout`. */
export class TimeoutError extends Error {
  override name = "TimeoutError";
}

/** The job's runs killed their process too often. */
export class CrashedError extends Error {
  override name = "CrashedError";
}

/** Another delivery finished the job first: this one's transaction must roll back. */
export class SupersededError extends Error {
  override name = "SupersededError";
}

/** The run was stopped from outside and releases its job: the lock was lost, or the process shuts down. */
export class ReleaseError extends Error {
  override name = "ReleaseError";
}

const KINDS = [
  [PermanentError, "permanent"],
  [ProviderError, "provider"],
  [RateLimitedError, "rate-limited"],
  [TimeoutError, "timeout"],
  [CrashedError, "crashed"],
  [ReleaseError, "released"],
] as const;

export const kindOf = (error: unknown): ErrorKind =>
  KINDS.find(([type]) => error instanceof type)?.[1] ?? "ours";

/** One line about an error for the ledger: at most 500 characters, no stack. */
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

/** PostgreSQL's code for a write that is refused because the server, or the transaction, is read-only. */
export const CANNOT_WRITE = "25006";

// Errors about the server or the session rather than the statement: connection (08), rollback (40), resources (53),
// intervention (57), system (58), lock not available, idle transaction, read-only server, and prepared statements that
// the session should have (26000) or should not have (42P05).
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
const TRANSIENT = /^((08|40|53|57|58)...|55P03|25P03|25006|26000|42P05)$/;

/** Whether the same statement may succeed later. */
export const isTransient = (error: unknown): boolean => {
  if (error instanceof SupersededError || error instanceof ReleaseError) return false;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return !SQLSTATE.test(code) || TRANSIENT.test(code);
};
