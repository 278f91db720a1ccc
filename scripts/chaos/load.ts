import { setTimeout as sleep } from "node:timers/promises";
import type { System } from "./system.ts";

/** Whether the API responded with 202. A request that is pending or has failed is "unacknowledged". */
export type Acknowledgement = "acknowledged" | "unacknowledged";

/** Every request that was sent: chores by number, sign-ups by email address. */
export interface Requests {
  readonly chores: Map<number, Acknowledgement>;
  readonly signUps: Map<string, Acknowledgement>;
}

export interface Client {
  readonly requests: Requests;
  /** Both methods send one request. They never reject: a failed request resolves as not acknowledged. */
  requestChore(payload?: {
    ms: number;
    fails: number;
    key?: string;
  }): Promise<{ number: number; acknowledged: boolean }>;
  signUp(): Promise<{ email: string; acknowledged: boolean }>;
}

/** Resolves with whether the response has the status 202. @throws Error if there is no response within 30 s */
const post = async (url: string, body: object): Promise<boolean> => {
  const headers = { "content-type": "application/json" };
  const signal = AbortSignal.timeout(30_000);
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  await response.arrayBuffer();
  return response.status === 202;
};

/** Sends requests and records which were acknowledged. A request without a response counts as unacknowledged. */
export const createClient = ({ choreUrl, signUpUrl }: System): Client => {
  const requests: Requests = { chores: new Map(), signUps: new Map() };
  return {
    requests,
    requestChore: async (payload = { ms: 0, fails: 0 }) => {
      const number = requests.chores.size;
      requests.chores.set(number, "unacknowledged");
      const acknowledged = await post(choreUrl, { number, ...payload }).catch(() => false);
      if (acknowledged) requests.chores.set(number, "acknowledged");
      return { number, acknowledged };
    },
    signUp: async () => {
      const email = `${requests.signUps.size}@chaos.example`;
      requests.signUps.set(email, "unacknowledged");
      const body = { email, name: "Ada", password: "correct horse battery" };
      const acknowledged = await post(signUpUrl, body).catch(() => false);
      if (acknowledged) requests.signUps.set(email, "acknowledged");
      return { email, acknowledged };
    },
  };
};

/** The share of sign-ups. It is low because of the cost of the password hash and the rate limit of mails. */
const SIGN_UP_SHARE = 0.05;

/** The share of chores with an ordering key, and the number of keys: jobs of a key wait for each other. */
const ORDERED_SHARE = 0.3;
const KEYS = 20;

/**
 * Sends about `perSecond` requests per second until `jobs` are acknowledged, with at most 50 pending requests.
 * @throws Error if that takes more than ten times as long as planned, plus one minute: something does not recover
 */
export const runLoad = async (
  client: Client,
  { jobs, perSecond, random }: { jobs: number; perSecond: number; random: () => number },
): Promise<void> => {
  const deadline = Date.now() + 60_000 + (10_000 * jobs) / perSecond;
  let acknowledged = 0;
  const pending = new Set<Promise<void>>();
  const sendRequest = async () => {
    const ms = random() < 0.1 ? Math.round(random() * 1_000) : 0;
    const fails = random() < 0.05 ? 1 : 0;
    const ordered = random() < ORDERED_SHARE ? { key: `key-${Math.floor(random() * KEYS)}` } : {};
    const isSignUp = random() < SIGN_UP_SHARE;
    const result = await (isSignUp ? client.signUp() : client.requestChore({ ms, fails, ...ordered }));
    if (result.acknowledged) acknowledged++;
  };
  while (acknowledged < jobs) {
    if (Date.now() > deadline)
      throw new Error(`only ${acknowledged} of ${jobs} requests were acknowledged in time`);
    if (pending.size >= Math.min(50, jobs - acknowledged)) await Promise.race(pending);
    const request = sendRequest().finally(() => pending.delete(request));
    pending.add(request);
    await sleep(1_000 / perSecond);
  }
  await Promise.all(pending);
};
