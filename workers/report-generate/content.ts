import type { Readable } from "node:stream";

/** A number of the period, and of the previous one. Null where there is nothing to count. */
export interface Figure {
  now: number | null;
  before: number | null;
}

/** The content of a report as plain data, which can be cloned to a thread. Dates are ISO strings. */
export interface ReportContent {
  project: string;
  /** `label` and `previousLabel` are for people, as in "Week 47, 16 to 22 November 2026". */
  period: {
    kind: "DAY" | "WEEK" | "MONTH" | "SPRINT";
    label: string;
    firstDay: string;
    lastDay: string;
    previousLabel: string;
  };
  /** The reader's IANA time zone. All times are printed in it. */
  zone: string;
  /** The name of the user. */
  requestedBy: string;
  /** An ISO instant. */
  generatedAt: string;
  /** URL of the project's page. */
  links: { project: string };
  /** done, opened, overdue: tasks. cycleTime: median hours from start to completion of the tasks done. */
  figures: { done: Figure; opened: Figure; overdue: Figure; cycleTime: Figure };
  chart: BurnDown | Throughput;
  people: Person[];
  /** How many rows each table has. The renderer draws the first of them, and prints how many more there are. */
  counts: Record<TableName, number>;
}

export interface BurnDown {
  kind: "burn-down";
  unit: "points" | "tasks";
  /** `remaining` is at the end of the day, and null in the future. */
  days: { day: string; remaining: number | null; ideal: number }[];
}

export interface Throughput {
  kind: "throughput";
  buckets: { label: string; done: number; opened: number }[];
}

export interface Person {
  name: string;
  done: number;
  doing: number;
  overdue: number;
  points: number;
}

export type TableName = "done" | "pending" | "overdue";

export interface TaskRow {
  title: string;
  state: "TODO" | "DOING" | "DONE";
  assignee: string | null;
  /** A date. */
  dueOn: string | null;
  /** An instant. */
  completedAt: string | null;
  estimate: number | null;
  url: string;
}

/** Batches of a table's rows, in order. It is read as the rows are drawn, and not to its end if there are too many. */
export type ReadRows = (table: TableName, signal: AbortSignal) => AsyncIterable<TaskRow[]>;

/**
 * Draws a report as PDF in a thread. `progress` is called with the number of rows drawn so far, of `drawnRows`.
 * `pages` resolves after the last byte of `pdf`. Both fail with the signal's reason when it aborts, and with the
 * thread's error when it dies.
 */
export type RenderReport = (
  content: ReportContent,
  rows: ReadRows,
  options: { signal: AbortSignal; progress(done: number): void },
) => { pdf: Readable; pages: Promise<number> };

/** Rows drawn of each table: about 40 pages. More make a PDF that is slow to open and that people do not read. */
export const MAX_ROWS = 1_000;

/** The number of rows that are drawn in total. */
export const drawnRows = (counts: ReportContent["counts"]): number =>
  Object.values(counts).reduce((sum, count) => sum + Math.min(count, MAX_ROWS), 0);
