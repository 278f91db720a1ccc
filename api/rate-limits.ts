import type { Limit, Throttle } from "../infra/throttle.ts";
import { Problem } from "./http/problem.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * All of them end after a while. Where there are two, the client's is checked first, so that a client over its limit
 * cannot use up the limit of an account.
 */
export const limits = {
  /** Per account and client. */
  login: { name: "login", times: 5, seconds: 15 * MINUTE },
  /** Per client, whatever accounts it tries. */
  logins: { name: "logins", times: 100, seconds: 15 * MINUTE },
  /** Per e-mail address: the mails that strangers can have sent to it. */
  signup: { name: "signup", times: 5, seconds: HOUR },
  resend: { name: "resend", times: 5, seconds: HOUR },
  forgot: { name: "forgot", times: 5, seconds: HOUR },
  /** Per client, for these three together. */
  mails: { name: "mails", times: 50, seconds: HOUR },
  /** Per client. A code itself is invalid after five tries. */
  codes: { name: "codes", times: 30, seconds: HOUR },
  /** Per user. */
  uploads: { name: "uploads", times: 1_000, seconds: HOUR },
} as const satisfies Record<string, Limit>;

/** Counts one request. @throws Problem with Retry-After when the limit is exceeded */
export const spend = async (
  throttle: Throttle,
  limit: Limit,
  ...whom: (string | undefined)[]
): Promise<void> => {
  const wait = await throttle.hit(limit, whom.join(" "));
  if (wait > 0)
    throw new Problem("too-many-requests", { headers: { "Retry-After": String(Math.ceil(wait / 1_000)) } });
};
