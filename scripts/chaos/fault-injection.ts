import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../processes/until.ts";
import { type Fault, generateFaults } from "./faults.ts";
import type { Client } from "./load.ts";
import type { System } from "./system.ts";

export interface InjectedFault {
  readonly name: string;
  /** Milliseconds from the end of the fault to the effect of the first probe that was acknowledged after it. */
  readonly recoveryMs: number;
}

/** Milliseconds for each of the two steps of a probe. */
const RECOVERY_TIMEOUT = 180_000;

/** Each sends requests until one is acknowledged, then waits for its effect. They throw an Error on a timeout. */
const probes = {
  chore: async ({ sql }: System, { requestChore }: Client) => {
    const number = await until(
      "an acknowledged chore",
      async () => {
        const result = await requestChore();
        return result.acknowledged ? result.number : undefined;
      },
      RECOVERY_TIMEOUT,
    );
    const done = `SELECT number FROM "ChoreRequested" JOIN "ChoreDone" USING (id) WHERE number = $1`;
    await until(`chore ${number}`, async () => (await sql(done, [number])).length > 0, RECOVERY_TIMEOUT);
  },
  mail: async ({ mails }: System, { signUp }: Client) => {
    const email = await until(
      "an acknowledged sign-up",
      async () => {
        const result = await signUp();
        return result.acknowledged ? result.email : undefined;
      },
      RECOVERY_TIMEOUT,
    );
    await until(
      `a mail to ${email}`,
      async () => (await mails()).some(({ to }) => to === email),
      RECOVERY_TIMEOUT,
    );
  },
} satisfies Record<Fault["probe"], (system: System, client: Client) => Promise<void>>;

/** Mean durations in milliseconds. Each actual duration is 50 % to 150 % of the mean. */
interface Timing {
  pauseMs: number;
  outageMs: number;
}

/**
 * Injects one fault after another until `stop` is called. `stop` resolves with all injected faults when the system has
 * recovered from each of them, and rejects if it did not recover in time.
 */
export const startFaults = (
  system: System,
  client: Client,
  { pauseMs, outageMs, random, log }: Timing & { random: () => number; log: (message: string) => void },
) => {
  const vary = (ms: number) => ms * (0.5 + random());
  const recoveries: Promise<InjectedFault>[] = [];
  const stop = new AbortController();

  const measureRecovery = async ({ name, probe }: Fault): Promise<InjectedFault> => {
    const endedAt = performance.now();
    await probes[probe](system, client);
    return { name, recoveryMs: performance.now() - endedAt };
  };

  const run = async () => {
    for (const fault of generateFaults(system, random)) {
      await sleep(vary(pauseMs), undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) return;
      log(fault.name);
      await fault.inject(system, () => sleep(vary(outageMs)));
      recoveries.push(measureRecovery(fault));
    }
  };
  const running = run();
  running.catch(() => {}); // `stop` awaits it and rejects with its error
  return {
    stop: async (): Promise<InjectedFault[]> => {
      stop.abort();
      await running;
      return Promise.all(recoveries);
    },
  };
};
