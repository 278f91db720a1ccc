const DAY = 86_400_000;

export interface Dates {
  /** As in "24 Nov 2026, 14:05". */
  time(instant: string): string;
  /** As in "24 Nov, 14:05". */
  shortTime(instant: string): string;
  /** The local date of an instant, as in "2026-11-24". */
  dayOf(instant: string): string;
}

/** Formats instants in a time zone, with a 24-hour clock. */
export const createDates = (zone: string): Dates => {
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone } as const;
  const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...clock });
  const long = new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    ...clock,
  });
  const day = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone });
  return {
    time: (instant) => long.format(new Date(instant)),
    shortTime: (instant) => short.format(new Date(instant)),
    dayOf: (instant) => day.format(new Date(instant)),
  };
};

const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const longDay = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

/** As in "24 Nov", with the year if it is not that of `today`. */
export const dayLabel = (day: string, today: string): string =>
  (day.slice(0, 4) === today.slice(0, 4) ? shortDay : longDay).format(new Date(day));

export const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / DAY);
