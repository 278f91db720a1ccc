import type { Sql, WorkerAbout } from "../../workers/core/index.ts";
import { LEDGER } from "./ledger-sql.ts";
import type { JobJson } from "./job-view.ts";

/** What a read continues from. */
export interface Since {
  /** The snapshot of the read before; null for the first. */
  readonly snapshot: string | null;
  /** PostgreSQL's time of the read before. */
  readonly at: string | null;
}

export interface Wanted {
  readonly since: Since;
  /** The ids that are shown. */
  readonly shown: readonly string[];
  /** The ids whose trees and consequences are shown. */
  readonly followed: readonly string[];
  /** Reads nothing if the snapshot is still the same. Otherwise what time alone changes is read too. */
  readonly onlyIfChanged: boolean;
}

/** Why a job is to be shown: a sum of these. */
export const WHY = { sampled: 1, newest: 2, dead: 4, followed: 8 } as const;

export interface Reading {
  at: string;
  snapshot: string;
  /** Null if `onlyIfChanged`, and nothing has changed. */
  content: Content | null;
}

export interface Content {
  /** Open jobs by name and phase; `part` names the state and has at most COUNTED jobs. */
  groups: { name: string; phase: string; part: string; n: number }[];
  /** In the dead letter. */
  dead: { name: string; n: number }[];
  kinds: { name: string; kind: string | null; error: string | null; count: number }[];
  workers: WorkerJson[];
  batches: BatchJson[];
  schedules: ScheduleJson[];
  /** For each shown id, in order: why it is still to be shown, 0 if for no reason; null if it does not exist. */
  reasons: (number | null)[];
  /** The jobs to show that are new or may have changed. */
  jobs: (JobJson & { why: number })[];
}

export interface WorkerJson {
  id: string;
  startedAt: string;
  seenAt: string;
  alive: boolean;
  about: WorkerAbout | null;
}

interface BatchJson {
  id: string;
  name: string;
  createdAt: string;
  total: number;
  open: number;
  dead: number;
  done: number;
}

export interface ScheduleJson {
  id: string;
  name: string | null;
  job: string;
  cadence: "MINUTES" | "DAILY" | "WEEKLY" | "MONTHLY";
  minutes: number | null;
  hour: number;
  minute: number;
  weekday: number | null;
  dayOfMonth: number | null;
  zone: string;
  nextRunAt: string;
  paused: boolean;
  userId: string | null;
  lastJobId: string | null;
}

/**
 * Reads the ledger in one statement, so that all of it is from one snapshot. With `since`, of the shown jobs only those
 * that a transaction may have changed that the read before did not see, however early it began and however late it
 * committed. May name an unchanged job, and never leaves out a changed one.
 */
export const readLedger = async (sql: Sql, { since, shown, followed, onlyIfChanged }: Wanted) => {
  const values = [shown, followed, since.snapshot, since.at, onlyIfChanged];
  const [row] = await sql<{ reading: Reading }>(LEDGER, values);
  if (!row) throw new Error("PostgreSQL returned no row");
  return row.reading;
};
