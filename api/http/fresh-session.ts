import type { Session } from "./contract.ts";

/** Milliseconds for which changes are allowed after the password was entered again. */
export const FRESH = 10 * 60_000;

/** Whether the password was entered again in this session within the last 10 minutes. */
export const isFresh = (session: Pick<Session, "reauthenticatedAt"> | undefined): boolean =>
  Date.now() - (session?.reauthenticatedAt?.getTime() ?? -Infinity) < FRESH;
