import { z } from "zod";
import type { Broker, Sql } from "../../workers/core/index.ts";
import type { Load, Loads } from "./loads.ts";
import type { SandboxClient } from "./sandbox-client.ts";

/** Milliseconds for which what other processes may change is not asked again. */
const FRESH = 2_000;

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
  readonly broker: Pick<Broker, "pause" | "resume" | "isPaused">;
  /** Deletes everything in the broker. Resolves with the number of jobs that it held. */
  readonly emptyBroker: () => Promise<number>;
  readonly sql: Sql;
  /** The names of all queues. */
  readonly queues: readonly string[];
  readonly loads: Loads;
}

export interface BreakSwitches {
  /** Never rejects, and can be called often. */
  read(): Promise<Breaks>;
  setProviders(change: Partial<Providers>): Promise<Providers>;
  setPaused(queue: string, paused: boolean): Promise<readonly string[]>;
  emptyBroker(): Promise<number>;
  /** Whether this process has broken something, or may have in an earlier life. */
  mayBeBroken(): boolean;
  /** Repairs everything. */
  reset(): Promise<Breaks>;
}

const WORKING: Providers = { mail: "off", transcription: "off", push: "off" };
const UNKNOWN = { mail: "unknown", transcription: "unknown", push: "unknown" };

export const createBreaks = (deps: BreaksDeps): BreakSwitches => {
  const { sandbox, broker, sql, queues, loads } = deps;
  let brokerEmptiedAt: string | null = null;
  let lastPaused: readonly string[] = [];
  // An earlier process may have been killed after it had broken something.
  let mayBeBroken = true;

  const findProviders = async () => providers.parse(await sandbox.json("/api/outage"));
  const findPaused = async () => {
    const answers = await Promise.all(queues.map((name) => broker.isPaused(name)));
    lastPaused = queues.filter((_name, index) => answers[index]);
    return lastPaused;
  };
  const shared = cached(FRESH, async () => {
    const [found, paused] = await Promise.all([
      findProviders().catch(() => UNKNOWN),
      findPaused().catch(() => lastPaused), // the broker is away: what was paused still is, or all is forgotten
    ]);
    return { providers: found, paused };
  });

  const read = async (): Promise<Breaks> => ({
    ...(await shared.read()),
    flood: loads.current(),
    brokerEmptiedAt,
  });
  const setProviders = async (change: Partial<Providers>): Promise<Providers> => {
    const body = await sandbox.json("/api/outage", { method: "PUT", body: change });
    shared.forget();
    mayBeBroken = true;
    return providers.parse(body);
  };
  return {
    read,
    setProviders,
    setPaused: async (queue, paused) => {
      await (paused ? broker.pause(queue) : broker.resume(queue));
      shared.forget();
      mayBeBroken = true;
      return findPaused();
    },
    emptyBroker: async () => {
      const held = await deps.emptyBroker();
      const [row] = await sql<{ at: Date }>(`SELECT now() AS at`, []);
      brokerEmptiedAt = row?.at.toISOString() ?? null;
      shared.forget();
      return held;
    },
    mayBeBroken: () => mayBeBroken,
    reset: async () => {
      loads.stop();
      const paused = await findPaused();
      await Promise.all([setProviders(WORKING), ...paused.map((name) => broker.resume(name))]);
      shared.forget();
      mayBeBroken = false;
      return read();
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
