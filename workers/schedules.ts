import type { JobDefinition } from "./core/job.ts";

/** A job that the system runs again and again, for no user in particular. */
export interface SystemSchedule {
  /** Unique and stable. It identifies the schedule across releases, so a new cadence keeps it. */
  name: string;
  job: JobDefinition;
  /** The payload of every run. */
  payload: unknown;
  /** Hours are in UTC, 0 to 23. */
  cadence: { every: "hour" } | { every: "day"; hour: number };
}

/**
 * Every recurring job of the system. There is none yet, and nothing runs this table yet: the dispatcher comes with the
 * first.
 */
export const schedules: readonly SystemSchedule[] = [];
