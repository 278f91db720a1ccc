import { Temporal } from "temporal-polyfill";

export type PeriodKind = "DAY" | "WEEK" | "MONTH" | "SPRINT";

/** Days, both inclusive, as YYYY-MM-DD. */
export interface Days {
  firstDay: string;
  lastDay: string;
}

/** A part of time, and what is overdue at its end: tasks that were due before `day`. */
export interface Span {
  start: Date;
  /** Exclusive. */
  end: Date;
  /** The local date at `end`. */
  day: string;
}

/**
 * What a schedule reports at a slot: the day, the seven days or the calendar month before it; for a schedule of
 * every few minutes, the day on which it falls in the zone.
 */
export const periodBefore = (
  cadence: "MINUTES" | "DAILY" | "WEEKLY" | "MONTHLY",
  slot: string,
  zone: string,
): Days & { kind: PeriodKind } => {
  if (cadence === "MINUTES") {
    const today = Temporal.Instant.from(slot).toZonedDateTimeISO(zone).toPlainDate();
    return { kind: "DAY", ...daysOf(today, today) };
  }
  const day = Temporal.PlainDate.from(slot);
  const yesterday = day.subtract({ days: 1 });
  if (cadence === "DAILY") return { kind: "DAY", ...daysOf(yesterday, yesterday) };
  if (cadence === "WEEKLY") return { kind: "WEEK", ...daysOf(day.subtract({ days: 7 }), yesterday) };
  return { kind: "MONTH", ...monthOf(day.subtract({ months: 1 })) };
};

/** The day, week or month before. Undefined for a sprint, whose previous sprint has days of its own. */
export const previousDays = (kind: PeriodKind, { firstDay, lastDay }: Days): Days | undefined => {
  const [first, last] = [Temporal.PlainDate.from(firstDay), Temporal.PlainDate.from(lastDay)];
  if (kind === "DAY") return daysOf(first.subtract({ days: 1 }), last.subtract({ days: 1 }));
  if (kind === "WEEK") return daysOf(first.subtract({ days: 7 }), last.subtract({ days: 7 }));
  return kind === "MONTH" ? monthOf(first.subtract({ months: 1 })) : undefined;
};

/** From the start of the first day to the end of the last, in the zone, but not beyond now. */
export const spanOf = ({ firstDay, lastDay }: Days, zone: string, now: Date): Span => {
  const start = startOfDay(Temporal.PlainDate.from(firstDay), zone);
  const end = startOfDay(Temporal.PlainDate.from(lastDay).add({ days: 1 }), zone);
  if (end <= now) return { start, end, day: localDate(end, zone) };
  return { start, end: now, day: localDate(now, zone) };
};

/** Every day, with the instant at which it ends in the zone. */
export const eachDay = ({ firstDay, lastDay }: Days, zone: string): { day: string; end: Date }[] => {
  const days = [];
  const last = Temporal.PlainDate.from(lastDay);
  for (let day = Temporal.PlainDate.from(firstDay); Temporal.PlainDate.compare(day, last) <= 0;) {
    const next = day.add({ days: 1 });
    days.push({ day: day.toString(), end: startOfDay(next, zone) });
    day = next;
  }
  return days;
};

/** The hours of a day, 23 to 25 of them, or the days of a week or month: each with its label and its end. */
export const bucketsOf = (kind: PeriodKind, days: Days, zone: string): { label: string; end: Date }[] => {
  if (kind === "DAY") return hoursOf(days.firstDay, zone);
  return eachDay(days, zone).map(({ day, end }) => ({ label: dayLabel(kind, day), end }));
};

const hoursOf = (day: string, zone: string) => {
  const date = Temporal.PlainDate.from(day);
  const end = startOfDay(date.add({ days: 1 }), zone);
  const hours = [];
  let at = date.toZonedDateTime(zone);
  while (at.epochMilliseconds < end.getTime()) {
    const next = at.add({ hours: 1 });
    hours.push({
      label: at.toPlainTime().toString().slice(0, 5),
      end: new Date(Math.min(next.epochMilliseconds, end.getTime())),
    });
    at = next;
  }
  return hours;
};

const dayLabel = (kind: PeriodKind, day: string) => {
  const date = Temporal.PlainDate.from(day);
  return kind === "WEEK" ? date.toLocaleString("en-GB", { weekday: "short", day: "numeric" }) : `${date.day}`;
};

/** As in "Week 47, 16 to 22 November 2026". `name` is that of the sprint. */
export const periodLabel = (kind: PeriodKind, { firstDay, lastDay }: Days, name = ""): string => {
  const [first, last] = [Temporal.PlainDate.from(firstDay), Temporal.PlainDate.from(lastDay)];
  if (kind === "DAY") return first.toLocaleString("en-GB", { weekday: "long", ...LONG });
  if (kind === "MONTH") return first.toLocaleString("en-GB", { month: "long", year: "numeric" });
  if (kind === "SPRINT") return `${name}, ${rangeLabel(first, last)}`;
  // A scheduled week may begin on any day. Only one that begins on Monday has a number.
  const number = first.dayOfWeek === 1 ? `Week ${first.weekOfYear}, ` : "";
  return `${number}${rangeLabel(first, last)}`;
};

const LONG = { day: "numeric", month: "long", year: "numeric" } as const;

const rangeLabel = (first: Temporal.PlainDate, last: Temporal.PlainDate) => {
  const end = last.toLocaleString("en-GB", LONG);
  if (first.equals(last)) return end;
  if (first.year !== last.year) return `${first.toLocaleString("en-GB", LONG)} to ${end}`;
  const start = first.month === last.month ? `${first.day}` : `${first.day} ${monthName(first)}`;
  return `${start} to ${end}`;
};

const monthName = (date: Temporal.PlainDate) => date.toLocaleString("en-GB", { month: "long" });

const monthOf = (day: Temporal.PlainDate): Days =>
  daysOf(day.with({ day: 1 }), day.with({ day: day.daysInMonth }));

const daysOf = (first: Temporal.PlainDate, last: Temporal.PlainDate): Days => ({
  firstDay: first.toString(),
  lastDay: last.toString(),
});

/** Not always midnight: a change to summer time may skip it. */
const startOfDay = (day: Temporal.PlainDate, zone: string) =>
  new Date(day.toZonedDateTime(zone).epochMilliseconds);

const localDate = (at: Date, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone).toPlainDate().toString();
