import type { Database } from "../../infra/database.ts";
import { Prisma } from "../../prisma/client/client.ts";
import type { TableName, TaskRow } from "../report-generate/content.ts";
import type { Figures, Remaining, ReportData, Scope } from "../report-generate/data.ts";
import type { Span } from "../report-generate/period.ts";

/** Rows read at a time. */
const BATCH = 500;
/** More people do not fit in a summary. */
const MAX_PEOPLE = 200;

/**
 * The aggregates and rows of reports. All instants come from the caller, so that no zone of PostgreSQL's, which may be
 * older than Node's, takes part.
 */
export const createReportData = (
  prisma: Pick<Database["prisma"], "$queryRaw">,
  taskUrl: (projectId: string, taskId: string) => string,
): ReportData => ({
  readFigures: async (scope, span) => {
    const [figures] = await prisma.$queryRaw<Figures[]>`
      SELECT count(*) FILTER (WHERE ${doneIn(span)})::int AS done,
        count(*) FILTER (WHERE t."createdAt" >= ${instant(span.start)} AND t."createdAt" < ${instant(span.end)})::int AS opened,
        count(*) FILTER (WHERE ${overdueAt(span)})::int AS overdue,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t."completedAt" - t."startedAt")::float8)
          FILTER (WHERE ${doneIn(span)} AND t."startedAt" IS NOT NULL) / 3600 AS "cycleTime"
      FROM "Task" t WHERE ${inScope(scope)}`;
    if (!figures) throw new Error("an aggregate returned no row");
    return figures;
  },

  readThroughput: async (scope, start, ends) => {
    const bounds = [start, ...ends].map((each) => each.toISOString());
    const rows = await prisma.$queryRaw<{ bucket: number; done: number; opened: number }[]>`
      SELECT bucket, sum(done)::int AS done, sum(opened)::int AS opened FROM (
        SELECT width_bucket(t."completedAt", ${bounds}::timestamptz[]) AS bucket, 1 AS done, 0 AS opened
        FROM "Task" t WHERE ${inScope(scope)} AND t."completedAt" IS NOT NULL
        UNION ALL
        SELECT width_bucket(t."createdAt", ${bounds}::timestamptz[]), 0, 1 FROM "Task" t WHERE ${inScope(scope)}
      ) each GROUP BY bucket`;
    // 0 lies before the first bound, the last index after the last.
    const counts = new Map(rows.map(({ bucket, done, opened }) => [bucket, { done, opened }]));
    return ends.map((_end, index) => counts.get(index + 1) ?? { done: 0, opened: 0 });
  },

  readRemaining: async (sprintId, instants) => {
    const bounds = instants.map((each) => each.toISOString());
    // Each change adds to what remains, or takes from it, what the task counts after it minus what it counted before.
    const rows = await prisma.$queryRaw<(Remaining & { bucket: number })[]>`
      WITH counted AS (
        SELECT at, id, "taskId", coalesce(estimate, 0) AS estimate,
          (state <> 'DONE' AND "sprintId" = ${sprintId}::uuid) IS TRUE AS counts
        FROM "TaskChange"
        WHERE "taskId" IN (SELECT "taskId" FROM "TaskChange" WHERE "sprintId" = ${sprintId}::uuid)
      ), step AS (
        SELECT at, counts::int - coalesce(lag(counts::int) OVER task, 0) AS tasks,
          counts::int * estimate - coalesce(lag(counts::int * estimate) OVER task, 0) AS points
        FROM counted WINDOW task AS (PARTITION BY "taskId" ORDER BY at, id)
      )
      SELECT width_bucket(at, ${bounds}::timestamptz[]) AS bucket, sum(tasks)::int AS tasks, sum(points)::int AS points
      FROM step GROUP BY bucket`;
    const steps = new Map(rows.map(({ bucket, ...step }) => [bucket, step]));
    let [tasks, points] = [0, 0];
    return instants.map((_instant, index) => {
      tasks += steps.get(index)?.tasks ?? 0;
      points += steps.get(index)?.points ?? 0;
      return { tasks, points };
    });
  },

  readPeople: (scope, span) => prisma.$queryRaw`
    SELECT nullif(u.name, '') AS name, done, doing, overdue, points FROM (
      SELECT t."assigneeId", count(*) FILTER (WHERE ${doneIn(span)})::int AS done,
        count(*) FILTER (WHERE ${openAt(span)} AND t."startedAt" < ${instant(span.end)})::int AS doing,
        count(*) FILTER (WHERE ${overdueAt(span)})::int AS overdue,
        coalesce(sum(t.estimate) FILTER (WHERE ${doneIn(span)}), 0)::int AS points
      FROM "Task" t WHERE ${inScope(scope)} GROUP BY t."assigneeId"
    ) each LEFT JOIN "User" u ON u.id = "assigneeId"
    WHERE done + doing + overdue > 0
    ORDER BY u.id IS NULL, done DESC, doing DESC, u.name, u.id LIMIT ${MAX_PEOPLE}`,

  countRows: async (scope, span) => {
    const [counts] = await prisma.$queryRaw<Record<TableName, number>[]>`
      SELECT count(*) FILTER (WHERE ${rowsOf("done", span)})::int AS done,
        count(*) FILTER (WHERE ${rowsOf("pending", span)})::int AS pending,
        count(*) FILTER (WHERE ${rowsOf("overdue", span)})::int AS overdue
      FROM "Task" t WHERE ${inScope(scope)}`;
    if (!counts) throw new Error("an aggregate returned no row");
    return counts;
  },

  readRows: async function* (scope, span, table, signal) {
    let after: { position: Date; id: string } | undefined;
    for (;;) {
      signal.throwIfAborted();
      const rows: Row[] = await prisma.$queryRaw<Row[]>`
        SELECT t.id, t.title, t.state::text, nullif(u.name, '') AS assignee, t."dueOn", t."completedAt", t.estimate,
          ${positionIn(table)} AS position
        FROM "Task" t LEFT JOIN "User" u ON u.id = t."assigneeId"
        WHERE ${inScope(scope)} AND ${rowsOf(table, span)} AND ${rowsAfter(table, after)}
        ORDER BY position, t.id LIMIT ${BATCH}`;
      if (rows.length > 0) yield rows.map((row) => toTaskRow(row, taskUrl(scope.projectId, row.id)));
      after = rows.at(-1);
      if (rows.length < BATCH) return;
    }
  },
});

interface Row {
  id: string;
  title: string;
  state: TaskRow["state"];
  assignee: string | null;
  dueOn: Date | null;
  completedAt: Date | null;
  estimate: number | null;
  position: Date;
}

const toTaskRow = ({ title, state, assignee, dueOn, completedAt, estimate }: Row, url: string): TaskRow => ({
  ...{ title, state, assignee, estimate, url },
  dueOn: dueOn?.toISOString().slice(0, 10) ?? null,
  completedAt: completedAt?.toISOString() ?? null,
});

const inScope = ({ projectId, sprintId }: Scope) =>
  sprintId
    ? Prisma.sql`t."projectId" = ${projectId}::uuid AND t."sprintId" = ${sprintId}::uuid`
    : Prisma.sql`t."projectId" = ${projectId}::uuid`;

const doneIn = ({ start, end }: Span) =>
  Prisma.sql`(t."completedAt" >= ${instant(start)} AND t."completedAt" < ${instant(end)})`;

const openAt = ({ end }: Span) =>
  Prisma.sql`(t."createdAt" < ${instant(end)} AND (t."completedAt" IS NULL OR t."completedAt" >= ${instant(end)}))`;

const overdueAt = (span: Span) => Prisma.sql`(t."dueOn" < ${span.day}::date AND ${openAt(span)})`;

/** A task is in one table only. */
const rowsOf = (table: TableName, span: Span) => {
  if (table === "done") return doneIn(span);
  if (table === "overdue") return overdueAt(span);
  return Prisma.sql`(${openAt(span)} AND (t."dueOn" IS NULL OR t."dueOn" >= ${span.day}::date))`;
};

/** What was done first, or is due first, comes first. Tasks without a due date come last. */
const positionIn = (table: TableName) =>
  table === "done" ? Prisma.sql`t."completedAt"` : Prisma.sql`coalesce(t."dueOn", '9999-12-31'::date)`;

const rowsAfter = (table: TableName, after: { position: Date; id: string } | undefined) => {
  if (!after) return Prisma.sql`true`;
  const position = instant(after.position);
  const of = table === "done" ? position : Prisma.sql`(${position} AT TIME ZONE 'UTC')::date`;
  return Prisma.sql`(${positionIn(table)}, t.id) > (${of}, ${after.id}::uuid)`;
};

/** As text: a Date would be read in the zone of the session. */
const instant = (date: Date) => Prisma.sql`${date.toISOString()}::timestamptz`;
