import { Temporal } from "@js-temporal/polyfill";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Recurrence, type Since, type Slot, nextSlots, slotsAfter } from "./slots.ts";

const base: Recurrence = {
  cadence: "DAILY",
  minutes: null,
  hour: 0,
  minute: 0,
  weekday: null,
  dayOfMonth: null,
  zone: "UTC",
};

/** `date → instant` of the next slots. */
const next = (some: Partial<Recurrence>, after: string, count = 1): string[] =>
  nextSlots({ ...base, ...some }, { after: new Date(after) }, count).map(
    ({ slot, at }) => `${slot} → ${at.toISOString().replace(":00.000Z", "Z")}`,
  );

describe("clock changes", () => {
  test.for<[zone: string, time: string, after: string, expected: string]>([
    ["Europe/Warsaw", "02:30", "2027-03-27T12:00Z", "2027-03-28 → 2027-03-28T01:30Z"], // skipped: 03:30+02:00
    ["Europe/Warsaw", "02:30", "2027-10-30T12:00Z", "2027-10-31 → 2027-10-31T00:30Z"], // the first of two
    ["America/New_York", "02:30", "2027-03-13T12:00Z", "2027-03-14 → 2027-03-14T07:30Z"],
    ["America/New_York", "01:30", "2027-11-06T12:00Z", "2027-11-07 → 2027-11-07T05:30Z"],
    ["Australia/Lord_Howe", "02:15", "2026-10-03T00:00Z", "2026-10-04 → 2026-10-03T15:45Z"], // by half an hour
    ["Asia/Kolkata", "08:00", "2027-03-28T00:00Z", "2027-03-28 → 2027-03-28T02:30Z"],
    ["America/Sao_Paulo", "00:00", "2018-11-03T12:00Z", "2018-11-04 → 2018-11-04T03:00Z"], // a day without midnight
    ["America/Nuuk", "23:30", "2027-03-27T12:00Z", "2027-03-27 → 2027-03-28T01:30Z"], // falls on the next date
  ])("%s at %s after %s", ([zone, time, after, expected]) => {
    const [hour = 0, minute = 0] = time.split(":").map(Number);
    expect(next({ zone, hour, minute }, after)).toEqual([expected]);
  });

  test("the second of two equal local times is no slot", () => {
    const between = "2027-10-31T00:45Z"; // 02:45+02:00, before 02:30+01:00
    expect(next({ zone: "Europe/Warsaw", hour: 2, minute: 30 }, between)).toEqual([
      "2027-11-01 → 2027-11-01T01:30Z",
    ]);
  });

  test("the date that Apia skipped has no slot", () => {
    const days = next({ zone: "Pacific/Apia", hour: 9 }, "2011-12-29T00:00Z", 3).map((line) =>
      line.slice(0, 10),
    );
    expect(days).toEqual(["2011-12-29", "2011-12-31", "2012-01-01"]);
    const monthly = { zone: "Pacific/Apia", hour: 9, cadence: "MONTHLY", dayOfMonth: 30 } as const;
    expect(next(monthly, "2011-12-01T00:00Z", 2).map((line) => line.slice(0, 10))).toEqual([
      "2011-12-31",
      "2012-01-30",
    ]);
  });
});

describe("dates", () => {
  const datesOf = (some: Partial<Recurrence>, after: string, count: number) =>
    next(some, after, count).map((line) => line.slice(0, 10));

  test("the 31st is the last day of a shorter month", () => {
    expect(datesOf({ cadence: "MONTHLY", dayOfMonth: 31 }, "2027-12-31T12:00Z", 5)).toEqual([
      "2028-01-31",
      "2028-02-29",
      "2028-03-31",
      "2028-04-30",
      "2028-05-31",
    ]);
  });

  test("the 29th of February is there only in leap years", () => {
    expect(datesOf({ cadence: "MONTHLY", dayOfMonth: 29 }, "2027-02-01T00:00Z", 2)).toEqual([
      "2027-02-28",
      "2027-03-29",
    ]);
    expect(datesOf({}, "2028-02-28T00:00Z", 2)).toEqual(["2028-02-29", "2028-03-01"]);
  });

  test("a week is counted in the zone, not in UTC", () => {
    // Sunday evening in UTC is Monday morning in Kolkata.
    const monday = { cadence: "WEEKLY", weekday: 1, hour: 1, zone: "Asia/Kolkata" } as const;
    expect(next(monday, "2026-11-29T12:00Z", 2)).toEqual([
      "2026-11-30 → 2026-11-29T19:30Z",
      "2026-12-07 → 2026-12-06T19:30Z",
    ]);
  });

  test("minutes are counted from midnight in UTC", () => {
    const times = (minutes: number, after: string, count: number) =>
      nextSlots({ ...base, cadence: "MINUTES", minutes }, { after: new Date(after) }, count).map(
        ({ slot }) => slot,
      );
    expect(times(15, "2026-12-01T23:30:00Z", 3)).toEqual([
      "2026-12-01T23:45:00.000Z",
      "2026-12-02T00:00:00.000Z",
      "2026-12-02T00:15:00.000Z",
    ]);
    expect(times(1_000, "2026-12-01T00:00:00Z", 3)).toEqual([
      "2026-12-01T16:40:00.000Z",
      "2026-12-02T00:00:00.000Z",
      "2026-12-02T16:40:00.000Z",
    ]);
  });
});

test("a date that had its slot in one zone gets none in another", () => {
  const after = new Date("2026-12-01T08:00:00Z"); // the slot of 1 December, 09:00 in Warsaw, was just taken
  const inNewYork = { ...base, hour: 9, zone: "America/New_York" };
  expect(nextSlots(inNewYork, { after }, 1)[0]?.slot).toBe("2026-12-01");
  expect(nextSlots(inNewYork, { after, slot: "2026-12-01" }, 1)[0]?.slot).toBe("2026-12-02");
});

test("an unknown zone is a RangeError", () => {
  expect(() => nextSlots({ ...base, zone: "Europe/Atlantis" }, { after: new Date() }, 1)).toThrow(RangeError);
});

// Compared with another implementation of Temporal, which is asked for every single date.
describe("against @js-temporal/polyfill", () => {
  const zones = [
    ...["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC"],
    ...[
      "America/Sao_Paulo",
      "Africa/Casablanca",
      "Asia/Gaza",
      "America/Nuuk",
      "Asia/Kathmandu",
      "Pacific/Chatham",
    ],
    ...[
      "Africa/Cairo",
      "Asia/Tehran",
      "America/Havana",
      "Antarctica/Troll",
      "Pacific/Fakaofo",
      "Asia/Pyongyang",
    ],
  ];
  const from = Date.UTC(2010, 0, 1);
  const to = Date.UTC(2035, 0, 1);
  const days = fc.integer({ min: 0, max: (to - from) / 86_400_000 }).map((day) => from + day * 86_400_000);
  const instant = fc
    .tuple(
      fc.oneof(
        { arbitrary: days, weight: 2 },
        { arbitrary: fc.constantFrom(...changes(zones, from, to)), weight: 3 },
      ),
      fc.integer({ min: -2_880, max: 2_880 }),
    )
    .map(([day, minutes]) => new Date(day + minutes * 60_000));
  const recurrence: fc.Arbitrary<Recurrence> = fc.record({
    cadence: fc.constantFrom("DAILY", "DAILY", "WEEKLY", "MONTHLY"),
    minutes: fc.constant(null),
    hour: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 23 })),
    minute: fc.constantFrom(0, 15, 30, 59),
    weekday: fc.integer({ min: 1, max: 7 }),
    dayOfMonth: fc.oneof(fc.constantFrom(28, 29, 30, 31), fc.integer({ min: 1, max: 31 })),
    zone: fc.constantFrom(...zones),
  });

  test("each date that exists has one slot, at its time, and none is missed", () => {
    fc.assert(
      fc.property(recurrence, instant, (each, after) => {
        const found = nextSlots(each, { after }, 6);
        expect(found).toEqual(oracle(each, after, 6));
        expect(new Set(found.map(({ slot }) => slot)).size).toBe(6);
      }),
      { numRuns: 600 },
    );
  });

  test("taken one at a time, each from the last, they are the same", () => {
    fc.assert(
      fc.property(recurrence, instant, (each, after) => {
        const single: Slot[] = [];
        for (
          let since: Since = { after };
          single.length < 5;
          since = { after: single.at(-1)!.at, slot: single.at(-1)!.slot }
        )
          single.push(nextSlots(each, since, 1)[0]!);
        expect(single).toEqual(nextSlots(each, { after }, 5));
      }),
      { numRuns: 200 },
    );
  });

  test("whenever zone and time of day change, no local date has two slots", () => {
    const changesOfMind = fc.array(fc.tuple(recurrence, fc.integer({ min: 0, max: 5_000 })), {
      minLength: 2,
      maxLength: 6,
    });
    fc.assert(
      fc.property(changesOfMind, instant, (steps, start) => {
        const taken: Slot[] = [];
        let now = start;
        for (const [each, minutes] of steps) {
          const until = new Date(now.getTime() + minutes * 60_000);
          for (const slot of slotsAfter(each, { after: now, slot: taken.at(-1)?.slot ?? null })) {
            if (slot.at > until) break;
            taken.push(slot);
          }
          now = until;
        }
        const names = taken.map(({ slot }) => slot);
        expect([...new Set(names)].toSorted()).toEqual(names);
      }),
      { numRuns: 200 },
    );
  });
});

/** The days around which the offset of a zone changes. */
function changes(zones: string[], from: number, to: number): number[] {
  return zones.flatMap((zone) => {
    const found: number[] = [];
    let time: Temporal.ZonedDateTime | null =
      Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone);
    while ((time = time.getTimeZoneTransition("next")) && time.epochMilliseconds < to)
      found.push(time.epochMilliseconds);
    return found;
  });
}

/** Looks at every date, and asks at every one whether it exists and is one of the recurrence. */
function oracle(each: Recurrence, after: Date, count: number): Slot[] {
  const { zone, hour, minute } = each;
  const found = new Map<string, Slot>();
  let date = Temporal.Instant.fromEpochMilliseconds(after.getTime())
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .subtract({ days: 3 });
  for (; found.size < count; date = date.add({ days: 1 })) {
    if (!fallsOn(each, date)) continue;
    const at = date.toZonedDateTime({ timeZone: zone, plainTime: { hour, minute } });
    const isThere = date.toZonedDateTime(zone).toPlainDate().equals(date);
    const slot = (isThere ? date : at.toPlainDate()).toString();
    if (at.epochMilliseconds > after.getTime() && !found.has(slot))
      found.set(slot, { slot, at: new Date(at.epochMilliseconds) });
  }
  return [...found.values()];
}

function fallsOn({ cadence, weekday, dayOfMonth }: Recurrence, date: Temporal.PlainDate): boolean {
  if (cadence === "WEEKLY") return date.dayOfWeek === weekday;
  if (cadence === "MONTHLY") return date.day === Math.min(dayOfMonth ?? 1, date.daysInMonth);
  return true;
}
