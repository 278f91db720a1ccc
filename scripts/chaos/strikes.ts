import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../processes/until.ts";
import { dealFaults, type Fault } from "./faults.ts";
import type { Client } from "./load.ts";
import type { System } from "./system.ts";

/** One fault, and how long after its end the whole way from request to effect worked again. */
export interface Strike {
  readonly name: string;
  readonly recoveryMs: number;
}

const RECOVERY = 180_000;

/** Asks until it is promised, then waits until it is done. */
const probes = {
  chore: async ({ sql }: System, { askChore }: Client) => {
    const number = await until(
      "a promise",
      async () => {
        const answer = await askChore();
        return answer.promised ? answer.number : undefined;
      },
      RECOVERY,
    );
    const done = `SELECT number FROM "ChoreAsked" JOIN "ChoreDone" USING (id) WHERE number = $1`;
    await until(`chore ${number}`, async () => (await sql(done, [number])).length > 0, RECOVERY);
  },
  mail: async ({ mails }: System, { signUp }: Client) => {
    const email = await until(
      "a promise",
      async () => {
        const answer = await signUp();
        return answer.promised ? answer.email : undefined;
      },
      RECOVERY,
    );
    await until(`a mail to ${email}`, async () => (await mails()).some(({ to }) => to === email), RECOVERY);
  },
} satisfies Record<Fault["shownBy"], (system: System, client: Client) => Promise<void>>;

/** Milliseconds, give or take a half. */
interface Rhythm {
  pause: number;
  outage: number;
}

/** Strikes until `stop`, which resolves with all strikes when each is recovered from. */
export const startStrikes = (
  system: System,
  client: Client,
  { pause, outage, random, tell }: Rhythm & { random: () => number; tell: (line: string) => void },
) => {
  const about = (ms: number) => ms * (0.5 + random());
  const recoveries: Promise<Strike>[] = [];
  const stop = new AbortController();

  const recover = async ({ name, shownBy }: Fault): Promise<Strike> => {
    const over = performance.now();
    await probes[shownBy](system, client);
    return { name, recoveryMs: performance.now() - over };
  };

  const run = async () => {
    for (const fault of dealFaults(system, random)) {
      await sleep(about(pause), undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) return;
      tell(fault.name);
      await fault.strike(system, () => sleep(about(outage)));
      recoveries.push(recover(fault));
    }
  };
  const running = run();
  running.catch(() => {}); // `stop` reports
  return {
    stop: async (): Promise<Strike[]> => {
      stop.abort();
      await running;
      return Promise.all(recoveries);
    },
  };
};
