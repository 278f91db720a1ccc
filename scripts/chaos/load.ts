import { setTimeout as sleep } from "node:timers/promises";
import type { System } from "./system.ts";

/** What was asked of the APIs, and what they promised with a 202. */
export interface Asked {
  readonly chores: Map<number, "promised" | "refused">;
  readonly signUps: Map<string, "promised" | "refused">;
}

interface Client {
  readonly asked: Asked;
  /** These resolve with whether the API promised. */
  askChore(payload?: { ms: number; fails: number }): Promise<{ number: number; promised: boolean }>;
  signUp(): Promise<{ email: string; promised: boolean }>;
}

export type { Client };

const post = async (url: string, body: object): Promise<boolean> => {
  const headers = { "content-type": "application/json" };
  const signal = AbortSignal.timeout(30_000);
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  await response.arrayBuffer();
  return response.status === 202;
};

/** Asks, and keeps book: a request without an answer promised nothing. */
export const createClient = ({ choreUrl, signUpUrl }: System): Client => {
  const asked: Asked = { chores: new Map(), signUps: new Map() };
  return {
    asked,
    askChore: async (payload = { ms: 0, fails: 0 }) => {
      const number = asked.chores.size;
      asked.chores.set(number, "refused");
      const promised = await post(choreUrl, { number, ...payload }).catch(() => false);
      if (promised) asked.chores.set(number, "promised");
      return { number, promised };
    },
    signUp: async () => {
      const email = `${asked.signUps.size}@chaos.example`;
      asked.signUps.set(email, "refused");
      const body = { email, name: "Ada", password: "correct horse battery" };
      const promised = await post(signUpUrl, body).catch(() => false);
      if (promised) asked.signUps.set(email, "promised");
      return { email, promised };
    },
  };
};

/** Twenty chores, some slow, some failing at first, to one sign-up, whose password hash and rate limit cost more. */
const SIGN_UP_SHARE = 0.05;

/** Asks until `jobs` are promised, at about `perSecond`, with at most 50 requests under way. */
export const runLoad = async (
  client: Client,
  { jobs, perSecond, random }: { jobs: number; perSecond: number; random: () => number },
): Promise<void> => {
  const deadline = Date.now() + 60_000 + (3_000 * jobs) / perSecond;
  let promised = 0;
  const underWay = new Set<Promise<void>>();
  const ask = async () => {
    const ms = random() < 0.1 ? Math.round(random() * 1_000) : 0;
    const fails = random() < 0.05 ? 1 : 0;
    const answer = await (random() < SIGN_UP_SHARE ? client.signUp() : client.askChore({ ms, fails }));
    if (answer.promised) promised++;
  };
  while (promised < jobs) {
    if (Date.now() > deadline) throw new Error(`only ${promised} of ${jobs} jobs were taken in time`);
    if (underWay.size >= Math.min(50, jobs - promised)) await Promise.race(underWay);
    const one = ask().finally(() => underWay.delete(one));
    underWay.add(one);
    await sleep(1_000 / perSecond);
  }
  await Promise.all(underWay);
};
