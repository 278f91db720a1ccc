const DAY = 86_400_000;

/** Milliseconds: a session expires after IDLE without use, and ABSOLUTE after the login in any case. */
const IDLE = 14 * DAY;
export const ABSOLUTE = 90 * DAY;

/** The expiry of a session that was last used at `now`. */
export const endOfSession = (createdAt: Date, now: Date): Date =>
  new Date(Math.min(now.getTime() + IDLE, createdAt.getTime() + ABSOLUTE));
