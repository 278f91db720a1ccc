import type { Limit, Throttle } from "../infra/throttle.ts";
import { Problem } from "./http/problem.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * None of them lasts: whoever waits may go on. Where there are two, the client's comes first: whoever had their share
 * cannot use up somebody else's.
 */
export const limits = {
  /** Per account and client. */
  login: { name: "login", times: 5, seconds: 15 * MINUTE },
  /** Per client, whatever accounts it tries. */
  logins: { name: "logins", times: 100, seconds: 15 * MINUTE },
  /** Per e-mail address: so many mails can strangers have sent to it. */
  signup: { name: "signup", times: 5, seconds: HOUR },
  resend: { name: "resend", times: 5, seconds: HOUR },
  forgot: { name: "forgot", times: 5, seconds: HOUR },
  /** Per client, for these three together. */
  mails: { name: "mails", times: 50, seconds: HOUR },
  /** Per client. A code itself ends after five tries. */
  codes: { name: "codes", times: 30, seconds: HOUR },
  /** Per user. */
  uploads: { name: "uploads", times: 1_000, seconds: HOUR },
} as const satisfies Record<string, Limit>;

/** Counts one more. @throws Problem with Retry-After when that is too many */
export const spend = async (
  throttle: Throttle,
  limit: Limit,
  ...whom: (string | undefined)[]
): Promise<void> => {
  const wait = await throttle.hit(limit, whom.join(" "));
  if (wait > 0)
    throw new Problem("too-many-requests", { headers: { "Retry-After": String(Math.ceil(wait / 1_000)) } });
};
