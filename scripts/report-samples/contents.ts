import type { Person, ReportContent, TableName, TaskRow } from "../../workers/report-generate/content.ts";
import { DAY, NAMES, NOW, type Options, random, sortedRows } from "./rows.ts";

/** A report and its rows, made from a seed: the same every time. */
export interface Sample {
  readonly content: ReportContent;
  readonly rows: Readonly<Record<TableName, readonly TaskRow[]>>;
}

/** A report of the given size, whose figures, chart and people agree with its rows. */
export const sample = (
  counts: Readonly<Record<TableName, number>>,
  content: Partial<ReportContent> = {},
  options: Omit<Options, "period"> = {},
): Sample => {
  const period = { ...(content.period ?? WEEK) };
  const read = (name: TableName) => sortedRows(name, counts[name], { ...options, period });
  const rows = { done: read("done"), pending: read("pending"), overdue: read("overdue") };
  return {
    content: {
      project: "Apollo",
      period,
      zone: "Europe/Warsaw",
      requestedBy: "Ada Lovelace",
      generatedAt: new Date(NOW).toISOString(),
      links: { project: "https://app.example.com/projects/apollo" },
      figures: {
        done: { now: counts.done, before: Math.round(counts.done * 0.82) },
        opened: { now: Math.round(counts.done * 0.9), before: counts.done },
        overdue: { now: counts.overdue, before: Math.round(counts.overdue * 0.6) },
        cycleTime: counts.done > 0 ? { now: 51, before: 76 } : { now: null, before: null },
      },
      chart: throughput(rows.done, period),
      people: people(rows, options.names ?? NAMES),
      counts: { ...counts },
      ...content,
    },
    rows,
  };
};

const WEEK: ReportContent["period"] = {
  kind: "WEEK",
  label: "Week 47, 16 to 22 November 2026",
  firstDay: "2026-11-16",
  lastDay: "2026-11-22",
  previousLabel: "Week 46, 9 to 15 November 2026",
};

const people = ({ done, pending, overdue }: Sample["rows"], names: readonly string[]): Person[] => {
  const open = [...pending, ...overdue];
  return names
    .map((name) => {
      const isTheirs = ({ assignee }: TaskRow) => assignee === name;
      return {
        name,
        done: done.filter(isTheirs).length,
        doing: open.filter((row) => isTheirs(row) && row.state === "DOING").length,
        overdue: overdue.filter(isTheirs).length,
        points: done.filter(isTheirs).reduce((sum, { estimate }) => sum + (estimate ?? 0), 0),
      };
    })
    .toSorted((one, other) => other.done - one.done);
};

/** What was done on each day, and about as much opened. */
const throughput = (
  done: readonly TaskRow[],
  { firstDay, lastDay }: ReportContent["period"],
): ReportContent["chart"] => {
  const days = (Date.parse(lastDay) - Date.parse(firstDay)) / DAY + 1;
  const next = random(days);
  const buckets = Array.from({ length: days }, (_, index) => {
    const date = new Date(Date.parse(firstDay) + index * DAY);
    const day = date.toISOString().slice(0, 10);
    const count = done.filter(({ completedAt }) => completedAt?.startsWith(day)).length;
    const label = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
    return { label, done: count, opened: Math.round(count * (0.4 + next())) };
  });
  return { kind: "throughput", buckets };
};

/** Until `today`, work shrinks a little slower than planned, and grows once. */
export const burnDown = (
  days: number,
  from: string,
  today: string,
  points: number,
): ReportContent["chart"] => {
  const next = random(points);
  let remaining = points;
  return {
    kind: "burn-down",
    unit: "points",
    days: Array.from({ length: days }, (_, index) => {
      const date = new Date(Date.parse(from) + index * DAY);
      const day = date.toISOString().slice(0, 10);
      if (index > 0 && date.getUTCDay() % 6 !== 0)
        remaining -= Math.round((next() * 2 * points * 1.2) / days);
      if (index === Math.floor(days / 3)) remaining += Math.round(points / 12);
      remaining = Math.max(0, remaining);
      return {
        day,
        remaining: day <= today ? remaining : null,
        ideal: points * (1 - index / Math.max(1, days - 1)),
      };
    }),
  };
};
