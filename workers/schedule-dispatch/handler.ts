import { setTimeout as sleep } from "node:timers/promises";
import {
  describeError,
  type EnqueueMany,
  type JobDefinition,
  type Log,
  type ManyOptions,
  type Run,
} from "../core/index.ts";
import { batchOf } from "./batch.ts";
import { createPlanner, type Plan, type Progress, type SlotsAfter } from "./plan.ts";

/** A schedule that is due. */
export interface DueSchedule extends Progress {
  id: string;
  /** The name of the job to enqueue. */
  job: string;
  payload: object;
  /** Null for a schedule of the system. */
  userId: string | null;
  /** Whether its user may still have it. */
  wanted: boolean;
}

/** A schedule that moves on: to its next slot or, without `lastSlot`, to a time at which it is looked at again. */
export interface Move {
  id: string;
  nextRunAt: Date;
  lastSlot: string | null;
  missed: number;
}

/** What one transaction does. */
export interface Batch {
  /** Locks up to `limit` due schedules that no other transaction has locked. `now` is the database's clock. */
  claim(limit: number): Promise<{ now: Date; due: DueSchedule[] }>;
  enqueueMany: EnqueueMany;
  move(moves: readonly Move[]): Promise<unknown>;
  remove(ids: readonly string[]): Promise<unknown>;
}

export interface Deps {
  transaction<Result>(work: (batch: Batch) => Promise<Result>): Promise<Result>;
  /** The jobs that a schedule may have. */
  jobs: readonly JobDefinition[];
  slotsAfter: SlotsAfter;
  log: Log;
  /** By default, sleeps for that many milliseconds. */
  pause?(ms: number): Promise<unknown>;
}

/** Schedules per transaction: at first, and the limits between which the time that a transaction takes moves it. */
const SIZE = { first: 100, min: 20, max: 500 };

/** Milliseconds that a transaction should take. Its locks are held for less than 200 ms, on a busy database too. */
const TARGET = 20;

/** How long to rest after a transaction, as a multiple of the time that it took. */
const REST = 1.2;

/** Milliseconds. A transaction after which it would rest longer waited for something else than the processor. */
const LONGEST_PAUSE = 1_000;

/** Milliseconds between two updates of the progress. */
const PROGRESS = 1_000;

/** Milliseconds after which a schedule that cannot run is looked at again. A newer release may know its job. */
const LATER = 3_600_000;

/** Everything that users have scheduled goes behind what a user waits for. */
const LOW_PRIORITY = 10;

/**
 * Enqueues the job of every due schedule, and moves the schedule on in the same transaction. Between two transactions
 * it rests for longer than the last one took, so that it works less than half of the time.
 */
export const dispatchSchedules =
  ({ pause = sleep, ...deps }: Deps) =>
  async (_payload: unknown, { signal, progress }: Pick<Run, "signal" | "progress">) => {
    const plan = createPlanner(deps.slotsAfter);
    const total = { enqueued: 0, missed: 0, removed: 0, refused: 0 };
    let shown = performance.now();
    for (let size = SIZE.first; ;) {
      signal.throwIfAborted();
      const began = performance.now();
      const { claimed, ...done } = await deps.transaction((batch) => dispatchBatch(deps, batch, plan, size));
      for (const what of ["enqueued", "missed", "removed", "refused"] as const) total[what] += done[what];
      if (claimed < size) return total;
      const took = performance.now() - began;
      size = Math.round(Math.min(SIZE.max, size * 2, Math.max(SIZE.min, (size * TARGET) / took)));
      if (performance.now() - shown > PROGRESS) {
        await progress(total);
        shown = performance.now();
      }
      await pause(Math.min(REST * took, LONGEST_PAUSE));
    }
  };

const dispatchBatch = async (
  { jobs, log }: Deps,
  batch: Batch,
  plan: (schedule: Progress, now: Date) => Plan,
  size: number,
) => {
  const { now, due } = await batch.claim(size);
  const unwanted = due.filter(({ wanted }) => !wanted).map(({ id }) => id);
  const later: Move[] = [];
  const ready: Ready[] = [];
  const moves: Move[] = [];
  for (const schedule of due.filter(({ wanted }) => wanted)) {
    try {
      const { run, missed, next } = plan(schedule, now);
      if (run) ready.push(prepare(schedule, run, jobs));
      moves.push({ id: schedule.id, nextRunAt: next, lastSlot: run?.slot ?? null, missed });
    } catch (error) {
      later.push({ id: schedule.id, nextRunAt: new Date(now.getTime() + LATER), lastSlot: null, missed: 0 });
      log.error(
        { schedule: schedule.id, error: describeError(error) },
        "a schedule cannot run, will try again in an hour",
      );
    }
  }
  const enqueued = await enqueueAll(batch.enqueueMany, ready);
  if (unwanted.length > 0) await batch.remove(unwanted);
  if (moves.length + later.length > 0) await batch.move([...moves, ...later]);
  return {
    claimed: due.length,
    enqueued,
    missed: moves.reduce((sum, { missed }) => sum + missed, 0),
    removed: unwanted.length,
    refused: later.length,
  };
};

/** A job to enqueue. */
interface Ready {
  job: JobDefinition;
  item: { payload: object; key: string };
  options: ManyOptions;
}

/** Checks a job here, because one that is refused must not stop the others of its transaction. */
const prepare = (
  { id, job: name, payload, userId }: DueSchedule,
  { slot, at }: { slot: string; at: Date },
  jobs: readonly JobDefinition[],
): Ready => {
  const job = jobs.find((each) => each.name === name);
  if (!job) throw new Error(`no job ${name} can be scheduled`);
  const full = { ...payload, scheduleId: id, slot };
  if (!job.payload.safeParse(full).success) throw new Error(`${name} refuses the payload`);
  const options = userId ? { batch: batchOf(name, at), priority: LOW_PRIORITY } : {};
  return { job, item: { payload: full, key: `schedule:${id}:${slot}` }, options };
};

const enqueueAll = async (enqueueMany: EnqueueMany, ready: readonly Ready[]): Promise<number> => {
  const groups = Map.groupBy(ready, ({ job, options }) => options.batch?.id ?? job.name);
  let enqueued = 0;
  // In the order of the batches' ids, as `EnqueueMany` asks.
  for (const [, group] of [...groups].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const [first] = group;
    if (first)
      enqueued += await enqueueMany(
        first.job,
        group.map(({ item }) => item),
        first.options,
      );
  }
  return enqueued;
};
