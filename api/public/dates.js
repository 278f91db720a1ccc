// Days are YYYY-MM-DD, moments are ISO. Both are shown in English, on a 24-hour clock.

const days = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

export const showDay = (day) => days.format(new Date(`${day}T00:00:00Z`));

/** Two days and what lies between, as in 16 – 22 Nov 2026. */
export const showDays = (first, last) =>
  first === last
    ? showDay(first)
    : days.formatRange(new Date(`${first}T00:00:00Z`), new Date(`${last}T00:00:00Z`));

export const showMonth = (day) =>
  new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" }).format(
    new Date(`${day}T00:00:00Z`),
  );

export const showMoment = (moment, timeZone) =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone }).format(
    new Date(moment),
  );

/** The current day of a time zone. */
export const today = (timeZone) => new Intl.DateTimeFormat("sv-SE", { timeZone }).format(new Date());

export const addDays = (day, count) => {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + count);
  return date.toISOString().slice(0, 10);
};
