import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../http/problem.ts";
import type { Sql } from "../../workers/core/index.ts";

/** Open jobs in the ledger above which no load is added. */
const MOST_OPEN = 20_000;

/** How far a load has come. `accepted` is what has been committed, counted here and not in the ledger. */
export interface Load {
  readonly id: string;
  readonly kind: "flood" | "rain";
  readonly wanted: number;
  readonly accepted: number;
  /** ISO times of PostgreSQL's clock, and of this process's clock. */
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** Commits the next part of a load, and resolves with its size. `rest` is what is left of it. */
export type AddPart = (rest: number) => Promise<number>;

export interface Loads {
  /** The load that runs, or the last one. */
  current(): Load | null;
  /**
   * Starts a load, and resolves before it ends. Errors of a part go to `onError`, and end it.
   * @throws Problem if one is running, or the ledger has too many open jobs
   */
  start(kind: Load["kind"], wanted: number, add: AddPart): Promise<Load>;
  /** Ends it after the current part. */
  stop(): void;
  /** Ends it, and resolves when nothing is being committed. */
  close(): Promise<void>;
}

/** Adds load to the system, one at a time. */
export const createLoads = (sql: Sql, onError: (error: Error) => void): Loads => {
  let current: Load | null = null;
  let stopping = new AbortController();
  let running: Promise<void> | undefined;

  const run = async (load: Load, add: AddPart, { signal }: AbortController): Promise<void> => {
    let { accepted } = load;
    try {
      while (accepted < load.wanted && !signal.aborted) {
        accepted += await add(load.wanted - accepted);
        current = { ...load, accepted };
      }
    } catch (error) {
      onError(error as Error);
    }
    current = { ...load, accepted, endedAt: new Date().toISOString() };
    running = undefined;
  };
  return {
    current: () => current,
    start: async (kind, wanted, add) => {
      const startedAt = await checkRoom(sql);
      // After the query: of two requests at the same time, the second finds the load of the first.
      if (running) throw new Problem("load-refused", { detail: "Another load is running." });
      const load: Load = { id: randomUUID(), kind, wanted, accepted: 0, startedAt, endedAt: null };
      current = load;
      stopping = new AbortController();
      running = run(load, add, stopping);
      return load;
    },
    stop: () => stopping.abort(),
    close: async () => {
      stopping.abort();
      await running;
    },
  };
};

/** Resolves with the time. @throws Problem if the ledger has too many open jobs */
const checkRoom = async (sql: Sql): Promise<string> => {
  const open = ["WAITING", "PENDING", "PUBLISHED"].map(
    (state) => `(SELECT FROM "Job" WHERE state = '${state}' LIMIT ${MOST_OPEN + 1})`,
  );
  const [row] = await sql<{ at: Date; open: number }>(
    `SELECT now() AS at, (SELECT count(*)::int FROM (${open.join(" UNION ALL ")}) open) AS open`,
    [],
  );
  if (!row) throw new TypeError("PostgreSQL returned no row");
  if (row.open > MOST_OPEN)
    throw new Problem("load-refused", {
      detail: `More than ${MOST_OPEN.toLocaleString("en")} jobs are open.`,
    });
  return row.at.toISOString();
};

/** Milliseconds between two parts of a steady load. */
const PART = 50;

/** Adds `perSecond` units a second. After a delay, it catches up with at most a second's units at once. */
export const steadily = (perSecond: number, add: (count: number) => Promise<unknown>): AddPart => {
  const began = performance.now();
  let added = 0;
  return async (rest) => {
    await sleep(PART);
    const due = Math.floor(((performance.now() - began) / 1_000) * perSecond) - added;
    const count = Math.min(rest, due, perSecond);
    if (count > 0) await add(count);
    added += count;
    return count;
  };
};
