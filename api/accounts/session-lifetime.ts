const DAY = 86_400_000;

/** Milliseconds: a session ends when it was not used for so long, and in any case so long after its login. */
const IDLE = 14 * DAY;
export const ABSOLUTE = 90 * DAY;

/** When a session ends that is not used after `now`. */
export const endOfSession = (createdAt: Date, now: Date): Date =>
  new Date(Math.min(now.getTime() + IDLE, createdAt.getTime() + ABSOLUTE));
