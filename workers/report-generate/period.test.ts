import { Temporal } from "@js-temporal/polyfill";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketsOf, eachDay, periodBefore, periodLabel, previousDays, spanOf } from "./period.ts";

const days = (firstDay: string, lastDay: string) => ({ firstDay, lastDay });
const DISTANT = new Date("2100-01-01");

test("a schedule of every few minutes reports the day on which its slot falls in its zone", () => {
  const slot = "2026-03-01T23:30:00.000Z";
  expect(periodBefore("MINUTES", slot, "UTC")).toEqual({ kind: "DAY", ...days("2026-03-01", "2026-03-01") });
  expect(periodBefore("MINUTES", slot, "Asia/Tokyo")).toEqual({
    kind: "DAY",
    ...days("2026-03-02", "2026-03-02"),
  });
});

test("a schedule reports the day, the seven days or the calendar month before its slot", () => {
  expect(periodBefore("DAILY", "2026-03-01", "UTC")).toEqual({
    kind: "DAY",
    ...days("2026-02-28", "2026-02-28"),
  });
  expect(periodBefore("WEEKLY", "2026-01-02", "UTC")).toEqual({
    kind: "WEEK",
    ...days("2025-12-26", "2026-01-01"),
  });
  for (const slot of ["2028-03-01", "2028-03-31"])
    expect(periodBefore("MONTHLY", slot, "UTC")).toEqual({
      kind: "MONTH",
      ...days("2028-02-01", "2028-02-29"),
    });
});

test("the previous period has the same length, or is the calendar month before", () => {
  expect(previousDays("DAY", days("2026-03-01", "2026-03-01"))).toEqual(days("2026-02-28", "2026-02-28"));
  expect(previousDays("WEEK", days("2026-01-05", "2026-01-11"))).toEqual(days("2025-12-29", "2026-01-04"));
  expect(previousDays("MONTH", days("2026-03-01", "2026-03-31"))).toEqual(days("2026-02-01", "2026-02-28"));
  expect(previousDays("SPRINT", days("2026-03-01", "2026-03-31"))).toBeUndefined();
});

test.each([
  ["DAY", "2026-11-16", "2026-11-16", "Monday 16 November 2026"],
  ["WEEK", "2026-11-16", "2026-11-22", "Week 47, 16 to 22 November 2026"],
  ["WEEK", "2026-11-18", "2026-11-24", "18 to 24 November 2026"],
  ["WEEK", "2026-11-30", "2026-12-06", "Week 49, 30 November to 6 December 2026"],
  ["WEEK", "2026-12-28", "2027-01-03", "Week 53, 28 December 2026 to 3 January 2027"],
  ["MONTH", "2026-02-01", "2026-02-28", "February 2026"],
  ["SPRINT", "2026-11-16", "2026-11-16", "Sprint 12, 16 November 2026"],
] as const)("a %s from %s to %s is called %s", (kind, first, last, label) => {
  expect(periodLabel(kind, days(first, last), "Sprint 12").replace("Monday, ", "Monday ")).toBe(label);
});

test("a period that has not ended ends now", () => {
  const week = days("2026-11-16", "2026-11-22");
  const now = new Date("2026-11-18T23:30:00Z");
  expect(spanOf(week, "Asia/Kolkata", now)).toEqual({
    start: new Date("2026-11-15T18:30:00Z"),
    end: now,
    day: "2026-11-19",
  });
  expect(spanOf(week, "Asia/Kolkata", DISTANT)).toMatchObject({
    end: new Date("2026-11-22T18:30:00Z"),
    day: "2026-11-23",
  });
});

test.each([
  ["Europe/Warsaw", "2026-03-29", 23, "03:00"],
  ["Europe/Warsaw", "2026-10-25", 25, "02:00"],
  ["Australia/Lord_Howe", "2026-10-04", 24, "02:30"],
  ["Asia/Kolkata", "2026-10-04", 24, "02:00"],
])("in %s, %s has %i hours, of which the third begins at %s", (zone, day, hours, third) => {
  const buckets = bucketsOf("DAY", days(day, day), zone);
  expect([buckets.length, buckets[2]?.label]).toEqual([hours, third]);
});

test("a day that the zone skipped is empty", () => {
  const ends = eachDay(days("2011-12-29", "2011-12-31"), "Pacific/Apia").map(({ end }) => end.toISOString());
  expect(ends).toEqual(["2011-12-30T10:00:00.000Z", "2011-12-30T10:00:00.000Z", "2011-12-31T10:00:00.000Z"]);
});

test("days and spans are those of an independent library", () => {
  const zones = ["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo"];
  const day = fc.date({ min: new Date("2000-01-01"), max: new Date("2030-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(fc.constantFrom(...zones), day, fc.nat(40), (zone, date, more) => {
      const first = Temporal.PlainDate.from(date.toISOString().slice(0, 10));
      const last = first.add({ days: more });
      const period = days(first.toString(), last.toString());
      const starts = (each: Temporal.PlainDate) => each.toZonedDateTime(zone).epochMilliseconds;
      const expected = Array.from({ length: more + 1 }, (_, index) => starts(first.add({ days: index + 1 })));
      expect(eachDay(period, zone).map(({ end }) => end.getTime())).toEqual(expected);
      const { start, end } = spanOf(period, zone, DISTANT);
      expect([start.getTime(), end.getTime()]).toEqual([starts(first), expected.at(-1)]);
      const hours = bucketsOf("DAY", days(period.firstDay, period.firstDay), zone);
      const total = hours.map((each, index) => Number(each.end) - Number(hours[index - 1]?.end ?? start));
      expect(total.every((length) => length > 0 && length <= 3_600_000)).toBe(true);
      expect(hours.at(-1)?.end.getTime() ?? start.getTime()).toBe(expected[0]);
    }),
  );
});
