import { setTimeout as timeout } from "node:timers/promises";
import type { Run } from "./job.ts";

/** What a batch did. */
export interface PurgedBatch {
  /** How many of what, such as `{ sessions: 1000 }`. */
  counts: Readonly<Record<string, number>>;
  /** Where the next batch begins. Undefined after the last one. */
  next: string | undefined;
}

/**
 * Deletes one batch in a transaction of its own, beginning at `next` of the batch before it. It can be repeated: what
 * is deleted is not found again.
 */
export type PurgeStep = (after: string | undefined) => Promise<PurgedBatch>;

/** The counts of all batches, and why it stopped early if it did. */
export type PurgeResult = Record<string, number | string>;

export interface Clock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface PurgeOptions {
  /** Says why the database is busy, such as "14 statements are active". Undefined while it is not. */
  findLoad(): Promise<string | undefined>;
  /**
   * Milliseconds. A batch that takes as long is a sign of load too: it waits for the disk, the processor or locks.
   */
  slow: number;
  clock?: Clock;
}

/** Milliseconds between two looks while the database is busy. */
const BUSY_PAUSE = 1_000;
/** Signs of load in a row after which it stops. Fewer are a peak, which it waits out. */
const MOST_SIGNS = 10;
/** Milliseconds after which it stops in any case, below the timeouts of the jobs. */
const LONGEST = 600_000;
/** Milliseconds between two reports of progress. */
const REPORT = 1_000;

/**
 * Runs the steps one after the other, batch by batch. After each batch it rests for as long as the batch took, so that
 * it uses half of a connection at most. It stops early while the database stays busy, and after ten minutes: the next
 * run continues. Throws when the signal aborts.
 */
export const purgeInBatches = async (
  steps: readonly PurgeStep[],
  { findLoad, slow, clock = systemClock }: PurgeOptions,
  { signal, progress }: Pick<Run, "signal" | "progress">,
): Promise<PurgeResult> => {
  const pace = createPace({ findLoad, slow, clock }, signal);
  const counts: Record<string, number> = {};
  let reportedAt = clock.now();

  const runBatch = async (step: PurgeStep, after: string | undefined): Promise<string | undefined> => {
    const batch = await pace.time(() => step(after));
    for (const [what, count] of Object.entries(batch.counts)) counts[what] = (counts[what] ?? 0) + count;
    if (clock.now() - reportedAt >= REPORT) {
      reportedAt = clock.now();
      await progress({ ...counts });
    }
    return batch.next;
  };

  for (const step of steps) {
    let after: string | undefined;
    do {
      const reason = await pace.findReasonToStop();
      if (reason) return { ...counts, note: `stopped early: ${reason}` };
      after = await runBatch(step, after);
    } while (after !== undefined);
  }
  return counts;
};

/** Decides when the next batch may begin. */
const createPace = ({ findLoad, slow, clock }: Required<PurgeOptions>, signal: AbortSignal) => {
  const startedAt = clock.now();
  let signs = 0;
  let slowBatch: string | undefined;
  let rest = 0;

  return {
    /** Waits until a batch may begin. Resolves with a reason if none may. */
    findReasonToStop: async (): Promise<string | undefined> => {
      await clock.sleep(rest, signal);
      for (;;) {
        signal.throwIfAborted();
        if (clock.now() - startedAt >= LONGEST) return `it ran for ${LONGEST / 60_000} minutes`;
        const load = slowBatch ?? (await findLoad());
        slowBatch = undefined;
        if (load === undefined) return undefined;
        if (++signs === MOST_SIGNS) return load;
        await clock.sleep(BUSY_PAUSE, signal);
      }
    },

    time: async <Result>(batch: () => Promise<Result>): Promise<Result> => {
      const begunAt = clock.now();
      const result = await batch();
      rest = clock.now() - begunAt;
      if (rest < slow) signs = 0;
      else slowBatch = `a batch took ${Math.round(rest)} ms`;
      return result;
    },
  };
};

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await timeout(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
