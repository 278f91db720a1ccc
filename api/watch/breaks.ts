import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { findPauses, pauseQueue, resumeQueue, type Sql } from "../../workers/core/index.ts";
import type { Load, Loads } from "./loads.ts";
import type { SandboxClient } from "./sandbox-client.ts";

/** Milliseconds for which what other processes may change is not asked again. */
const FRESH = { providers: 2_000, paused: 2_000 };

/** Milliseconds until every worker process has read a new pause: it looks each second. The page shows it then. */
const PAUSE_TAKES = 1_300;

/** Who pauses a queue here. A reset resumes these queues alone, not those that an administrator has paused. */
const LIVE_PAGE = "live page";

const modes = ["off", "refuse", "reject", "slow", "hang"] as const;

/** The switches of the sandbox's providers: see sandbox/outage.ts. */
export const providers = z.strictObject({
  mail: z.enum(modes),
  transcription: z.enum(modes),
  push: z.enum([...modes, "limit", "credentials"]),
});
export type Providers = z.output<typeof providers>;

/** What is broken on purpose. */
export interface Breaks {
  /** `unknown` while the sandbox cannot be reached. */
  readonly providers: Record<keyof Providers, string>;
  /** The names of the paused queues. */
  readonly paused: readonly string[];
  readonly flood: Load | null;
  /** When this process emptied the broker last, as an ISO time of PostgreSQL. */
  readonly brokerEmptiedAt: string | null;
}

export interface BreaksDeps {
  readonly sandbox: SandboxClient;
  /** Deletes everything in the broker. Resolves with the number of jobs that it held. */
  readonly emptyBroker: () => Promise<number>;
  readonly sql: Sql;
  readonly loads: Loads;
}

export interface BreakSwitches {
  /** What was known last. Asks again if that was some time ago. */
  current(): Breaks;
  /** Never rejects. */
  read(): Promise<Breaks>;
  setProviders(change: Partial<Providers>): Promise<Providers>;
  setPaused(queue: string, paused: boolean): Promise<readonly string[]>;
  emptyBroker(): Promise<number>;
  /** Regards what is broken now as broken by this process. */
  adopt(): Promise<void>;
  /** Whether this process has broken something since the last reset. */
  hasBroken(): boolean;
  /** Repairs everything. */
  reset(): Promise<Breaks>;
}

const WORKING: Providers = { mail: "off", transcription: "off", push: "off" };
const UNKNOWN = { mail: "unknown", transcription: "unknown", push: "unknown" };

export const createBreaks = (deps: BreaksDeps): BreakSwitches => {
  const { sandbox, sql, loads } = deps;
  let known: Pick<Breaks, "providers" | "paused"> = { providers: UNKNOWN, paused: [] };
  let brokerEmptiedAt: string | null = null;
  let hasBroken = false;

  const findPaused = async () => {
    const inForce = Date.now() - PAUSE_TAKES;
    return (await findPauses(sql))
      .filter((each) => each.pausedAt.getTime() <= inForce)
      .map(({ name }) => name);
  };
  const findOwn = async () =>
    (await findPauses(sql)).filter(({ by }) => by === LIVE_PAGE).map(({ name }) => name);
  const freshProviders = cached(FRESH.providers, async () => {
    const found = await sandbox.json("/api/outage").then(providers.parse, () => UNKNOWN);
    known = { ...known, providers: found };
  });
  const freshPaused = cached(FRESH.paused, async () => {
    // While the ledger is away, what was paused is assumed to be so.
    const paused = await findPaused().catch(() => known.paused);
    known = { ...known, paused };
  });
  const refresh = () => Promise.all([freshProviders.read(), freshPaused.read()]);

  const current = (): Breaks => {
    void refresh();
    return { ...known, flood: loads.current(), brokerEmptiedAt };
  };
  const read = async (): Promise<Breaks> => {
    await refresh();
    return current();
  };
  /** Does something, and then looks what is broken. */
  const change = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    hasBroken = true;
    const result = await work();
    freshProviders.forget();
    freshPaused.forget();
    await refresh();
    return result;
  };

  return {
    current,
    read,
    setProviders: (wanted) =>
      change(async () => providers.parse(await sandbox.json("/api/outage", { method: "PUT", body: wanted }))),
    setPaused: async (queue, paused) => {
      await change(async () => {
        if (!paused) return resumeQueue(sql, queue);
        await pauseQueue(sql, queue, LIVE_PAGE);
        return sleep(PAUSE_TAKES);
      });
      return known.paused;
    },
    emptyBroker: () =>
      change(async () => {
        const held = await deps.emptyBroker();
        const [row] = await sql<{ at: Date }>(`SELECT now() AS at`, []);
        brokerEmptiedAt = row?.at.toISOString() ?? null;
        return held;
      }),
    adopt: async () => {
      const { providers: found } = await read();
      const paused = await findOwn().catch(() => []);
      if (paused.length > 0 || Object.values(found).some((mode) => mode !== "off")) hasBroken = true;
    },
    hasBroken: () => hasBroken,
    reset: async () => {
      loads.stop();
      await change(async () => {
        const resuming = (await findOwn()).map((name) => resumeQueue(sql, name));
        await Promise.all([sandbox.json("/api/outage", { method: "PUT", body: WORKING }), ...resuming]);
      });
      hasBroken = false;
      return current();
    },
  };
};

/** Keeps a value for some milliseconds, for all who ask meanwhile. */
const cached = <Value>(ms: number, find: () => Promise<Value>) => {
  let current: { value: Promise<Value>; until: number } | undefined;
  return {
    read: () => {
      if (!current || performance.now() > current.until)
        current = { value: find(), until: performance.now() + ms };
      return current.value;
    },
    forget: () => void (current = undefined),
  };
};
