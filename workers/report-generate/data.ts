import type { TableName, TaskRow } from "./content.ts";
import type { Days, PeriodKind, Span } from "./period.ts";

/** A report to make, with fresh data. */
export interface RequestedReport extends Days {
  id: string;
  userId: string;
  requestedBy: string;
  project: { id: string; name: string };
  kind: PeriodKind;
  zone: string;
  /** Null for other periods, and when the sprint was deleted. */
  sprint: Sprint | null;
  previousSprint: Sprint | null;
}

export interface Sprint extends Days {
  id: string;
  name: string;
}

/** The tasks of a project, or only those of one of its sprints. */
export interface Scope {
  projectId: string;
  sprintId: string | null;
}

export interface Figures {
  /** Completed in the span. */
  done: number;
  /** Created in the span. */
  opened: number;
  /** Not completed and past their due date at its end. */
  overdue: number;
  /** Median hours from start to completion of what was done. */
  cycleTime: number | null;
}

/** Totals of tasks and of their points. */
export interface Remaining {
  tasks: number;
  points: number;
}

/** The aggregates of a report. Each is one statement, however many tasks there are. */
export interface ReportData {
  readFigures(scope: Scope, span: Span): Promise<Figures>;
  /** Tasks done and opened in each bucket. The first begins at `start`. */
  readThroughput(
    scope: Scope,
    start: Date,
    ends: readonly Date[],
  ): Promise<{ done: number; opened: number }[]>;
  /** What was open in a sprint at each instant, by the history of its tasks. */
  readRemaining(sprintId: string, instants: readonly Date[]): Promise<Remaining[]>;
  readPeople(
    scope: Scope,
    span: Span,
  ): Promise<{ name: string | null; done: number; doing: number; overdue: number; points: number }[]>;
  countRows(scope: Scope, span: Span): Promise<Record<TableName, number>>;
  /** The rows of a table in batches. */
  readRows(scope: Scope, span: Span, table: TableName, signal: AbortSignal): AsyncIterable<TaskRow[]>;
}
