import type { Limit, Throttle } from "../infra/throttle.ts";
import { Problem } from "./http/problem.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Every limit resets by itself. Routes with two limits check the client's limit first, so that a client over its limit
 * cannot use up the limit of an account or address.
 */
export const limits = {
  /** Per account and client. */
  login: { name: "login", times: 5, seconds: 15 * MINUTE },
  /** Per client, for all accounts together. */
  logins: { name: "logins", times: 100, seconds: 15 * MINUTE },
  /** Per email address: limits the mails that others can cause to be sent to it. */
  signup: { name: "signup", times: 5, seconds: HOUR },
  resend: { name: "resend", times: 5, seconds: HOUR },
  forgot: { name: "forgot", times: 5, seconds: HOUR },
  /** Per client, for these three together. */
  mails: { name: "mails", times: 50, seconds: HOUR },
  /** Per client. Each code also allows only five attempts. */
  codes: { name: "codes", times: 30, seconds: HOUR },
  /** Per user. */
  reports: { name: "reports", times: 100, seconds: HOUR },
  uploads: { name: "uploads", times: 1_000, seconds: HOUR },
  exports: { name: "exports", times: 3, seconds: DAY },
  /** Per user. */
  projects: { name: "projects", times: 100, seconds: HOUR },
  /** Per user: an app may register its token each time that it starts. */
  devices: { name: "devices", times: 100, seconds: HOUR },
  /** Per user who invites. */
  invitations: { name: "invitations", times: 50, seconds: HOUR },
  /** Per invited email address, for all users together. */
  invited: { name: "invited", times: 5, seconds: HOUR },
} as const satisfies Record<string, Limit>;

/** Counts one request. @throws Problem with Retry-After if it exceeds the limit */
export const enforceLimit = async (
  throttle: Throttle,
  limit: Limit,
  ...key: (string | undefined)[]
): Promise<void> => {
  const wait = await throttle.hit(limit, key.join(" "));
  if (wait > 0)
    throw new Problem("too-many-requests", { headers: { "Retry-After": String(Math.ceil(wait / 1_000)) } });
};
