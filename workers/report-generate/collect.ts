import type { ReportContent } from "./content.ts";
import type { Figures, Remaining, ReportData, RequestedReport, Scope } from "./data.ts";
import { bucketsOf, eachDay, periodLabel, previousDays, spanOf, type Days, type Span } from "./period.ts";

/** What a report says, except for the rows of its tables. */
export const collectContent = async (
  report: RequestedReport,
  data: ReportData,
  now: Date,
  projectUrl: string,
): Promise<ReportContent> => {
  const { kind, firstDay, lastDay, zone, project, sprint } = report;
  const scope = scopeOf(report);
  const span = spanOf(report, zone, now);
  const previous = previousOf(report);
  const current = await data.readFigures(scope, span);
  const before = previous && (await data.readFigures(previous.scope, spanOf(previous, zone, now)));
  return {
    project: project.name,
    period: {
      kind,
      label: periodLabel(kind, report, sprint?.name),
      firstDay,
      lastDay,
      previousLabel: previous ? periodLabel(kind, previous, previous.name) : "",
    },
    zone,
    requestedBy: report.requestedBy,
    generatedAt: now.toISOString(),
    links: { project: projectUrl },
    figures: compare(current, before),
    chart: sprint
      ? await burnDown(report, sprint.id, data, now)
      : await throughput(report, scope, span.start, data),
    people: (await data.readPeople(scope, span)).map(({ name, ...counts }) => ({
      name: name ?? "Unassigned",
      ...counts,
    })),
    counts: await data.countRows(scope, span),
  };
};

export const scopeOf = ({ project, sprint }: RequestedReport): Scope => ({
  projectId: project.id,
  sprintId: sprint?.id ?? null,
});

/** The period that the figures are compared with. */
const previousOf = (report: RequestedReport): (Days & { scope: Scope; name?: string }) | undefined => {
  const { project, previousSprint } = report;
  const days = previousDays(report.kind, report);
  if (days) return { ...days, scope: scopeOf(report) };
  if (!previousSprint) return undefined;
  return { ...previousSprint, scope: { projectId: project.id, sprintId: previousSprint.id } };
};

const compare = (now: Figures, before: Figures | undefined): ReportContent["figures"] => {
  const figure = (name: keyof Figures) => ({ now: now[name], before: before?.[name] ?? null });
  return {
    done: figure("done"),
    opened: figure("opened"),
    overdue: figure("overdue"),
    cycleTime: figure("cycleTime"),
  };
};

const throughput = async (
  report: RequestedReport,
  scope: Scope,
  start: Span["start"],
  data: ReportData,
): Promise<ReportContent["chart"]> => {
  const buckets = bucketsOf(report.kind, report, report.zone);
  const counts = await data.readThroughput(
    scope,
    start,
    buckets.map(({ end }) => end),
  );
  return {
    kind: "throughput",
    buckets: buckets.map(({ label }, index) => ({ label, ...(counts[index] ?? { done: 0, opened: 0 }) })),
  };
};

/** At the end of each day; today, until now. In points if any task of the sprint was estimated. */
const burnDown = async (
  report: RequestedReport,
  sprintId: string,
  data: ReportData,
  now: Date,
): Promise<ReportContent["chart"]> => {
  const { start } = spanOf(report, report.zone, now);
  const days = eachDay(report, report.zone);
  const [atStart, ...atEnds] = await data.readRemaining(sprintId, [start, ...days.map(({ end }) => end)]);
  const all = [atStart ?? NOTHING, ...atEnds];
  const unit = all.some(({ points }) => points > 0) ? "points" : "tasks";
  const scope = plannedScope(all.map((each) => each[unit]));
  const today = days.findIndex(({ end }) => end > now);
  return {
    kind: "burn-down",
    unit,
    days: days.map(({ day }, index) => ({
      day,
      remaining: today !== -1 && index > today ? null : (atEnds[index]?.[unit] ?? 0),
      ideal: scope * (1 - (index + 1) / days.length),
    })),
  };
};

/**
 * Where the ideal line begins. A sprint is planned before it begins or on its first day, and one that is planned later
 * still has a line.
 */
const plannedScope = (remaining: readonly number[]): number =>
  Math.max(...remaining.slice(0, 2)) || (remaining.find((each) => each > 0) ?? 0);

const NOTHING: Remaining = { tasks: 0, points: 0 };
