import { accountPurge } from "./account-purge/job.ts";
import type { JobDefinition } from "./core/job.ts";
import { exportPurge } from "./export-purge/job.ts";
import { recordPurge } from "./record-purge/job.ts";
import { reportGenerate } from "./report-generate/job.ts";
import { sessionPurge } from "./session-purge/job.ts";
import { storagePurge } from "./storage-purge/job.ts";

/** When a job of the system recurs, in UTC. SCHEDULES of the configuration overrides it by name. */
export type SystemCadence =
  /** Hour from 0 to 23. */
  | { every: "day"; hour: number; minute?: number }
  /** From 1 to 1,440, counted from midnight: use a divisor of 1,440 for equal distances. */
  | { every: "minutes"; minutes: number };

/** A job that the system runs again and again, for no user in particular. */
export interface SystemSchedule {
  /** Unique and stable. It identifies the schedule across releases, so a new cadence keeps it. */
  name: string;
  job: JobDefinition;
  /** The payload of every run. The dispatcher adds `scheduleId` and `slot`, which the job's schema may drop. */
  payload: Record<string, unknown>;
  cadence: SystemCadence;
}

/**
 * Every recurring job of the system. Each worker process writes this table to the rows of `Schedule` when it starts;
 * schedule-dispatch enqueues the jobs. `npm run jobs -- run NAME` starts one by hand.
 */
export const schedules: readonly SystemSchedule[] = [
  { name: "session-purge", job: sessionPurge, payload: {}, cadence: { every: "minutes", minutes: 60 } },
  { name: "record-purge", job: recordPurge, payload: {}, cadence: { every: "minutes", minutes: 60 } },
  { name: "export-purge", job: exportPurge, payload: {}, cadence: { every: "minutes", minutes: 60 } },
  { name: "account-purge", job: accountPurge, payload: {}, cadence: { every: "day", hour: 3, minute: 10 } },
  { name: "storage-purge", job: storagePurge, payload: {}, cadence: { every: "day", hour: 3, minute: 40 } },
];

/** The jobs that users can schedule. */
export const forUsers: readonly JobDefinition[] = [reportGenerate];
