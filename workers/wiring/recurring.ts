import { setTimeout as sleep } from "node:timers/promises";
import type { Database, Tx } from "../../infra/database.ts";
import { startTask, throttledWarn, type Jobs, type Log, type RunningTask, type Sql } from "../core/index.ts";
import { scheduleDispatch } from "../schedule-dispatch/job.ts";
import type { SystemSchedule } from "../schedules.ts";
import { writeSystemSchedules } from "./system-schedules.ts";

interface Deps {
  database: Database["jobs"];
  jobs: Jobs<Tx>;
  log: Log;
}

/** Seconds between two looks for due schedules. */
const TICK = 5;

/**
 * Writes the system's schedules to their rows and, every 5 s in one process, enqueues schedule-dispatch if anything is
 * due. There is no timer in the broker, so an emptied broker loses nothing.
 */
export const startSchedules = (
  { database: { sql }, jobs, log }: Deps,
  table: readonly SystemSchedule[],
): RunningTask => {
  const stop = new AbortController();
  const writing = untilWritten(sql, table, log, stop.signal);
  const clock = startTask(sql, log, {
    name: "schedule-clock",
    // A second less, so that the next look is not refused.
    lease: TICK - 1,
    work: () => enqueueIfDue(sql, jobs),
  });
  return {
    close: async () => {
      stop.abort();
      await clock.close();
      await writing;
    },
  };
};

/** Enqueues schedule-dispatch if a schedule is due, and no dispatch is waiting or running. */
export const enqueueIfDue = async (sql: Sql, jobs: Jobs<Tx>): Promise<void> => {
  // A dispatch that has not ended within an hour does not count: the schedules must not depend on one job.
  const [now] = await sql<{ tick: Date }>(
    `SELECT now() AS tick
     WHERE EXISTS (SELECT FROM "Schedule" WHERE "nextRunAt" <= now() AND NOT paused)
       AND NOT EXISTS (SELECT FROM "Job" WHERE name = $1 AND key > $2 AND state IN ('PENDING', 'PUBLISHED'))`,
    [scheduleDispatch.name, new Date(Date.now() - 3_600_000).toISOString()],
  );
  if (!now) return;
  const tick = new Date(now.tick.getTime() - (now.tick.getTime() % (TICK * 1_000))).toISOString();
  await jobs.transaction(({ enqueue }) => enqueue(scheduleDispatch, { tick }));
};

const untilWritten = async (
  sql: Sql,
  table: readonly SystemSchedule[],
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  const warn = throttledWarn(log, "cannot write the system's schedules, will try again");
  while (!signal.aborted && !(await writeSystemSchedules(sql, table).then(() => true, warn)))
    await sleep(5_000, undefined, { signal }).catch(() => {});
};
