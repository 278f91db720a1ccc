import { Temporal } from "temporal-polyfill";

/** When something recurs. The fields are those of a row of `Schedule`. */
export interface Recurrence {
  cadence: "MINUTES" | "DAILY" | "WEEKLY" | "MONTHLY";
  /** For MINUTES: counted from midnight in UTC. */
  minutes: number | null;
  /** Local time, for the other cadences. */
  hour: number;
  minute: number;
  /** ISO: 1 is Monday. For WEEKLY. */
  weekday: number | null;
  /** 1 to 31; in a shorter month, its last day. For MONTHLY. */
  dayOfMonth: number | null;
  /** IANA name. */
  zone: string;
}

/** One time at which something recurs. */
export interface Slot {
  /** Its name: the local date or, for MINUTES, the time in UTC. Names sort as the slots do. */
  slot: string;
  at: Date;
}

/** Where to continue. */
export interface Since {
  /** Slots after this time. */
  after: Date;
  /** And after the slot of this name, so that no local date has two, even if the zone or the time of day changed. */
  slot?: string | null;
}

/**
 * The slots of a recurrence, without end, in order: one for each local date on which it falls. A local time that a
 * clock change skips is moved by the length of the gap, as Temporal's `compatible` does; of two equal local times the
 * first is taken. A date that the zone never had gives its slot to the date on which its time falls.
 * @throws RangeError when the zone is unknown
 */
export const slotsAfter = (recurrence: Recurrence, since: Since): Generator<Slot> =>
  recurrence.cadence === "MINUTES" ? everyMinutes(recurrence, since) : onDates(recurrence, since);

/** The first slots. Throws as `slotsAfter` does. */
export const nextSlots = (recurrence: Recurrence, since: Since, count: number): Slot[] => {
  const first: Slot[] = [];
  for (const slot of slotsAfter(recurrence, since)) if (first.push(slot) >= count) break;
  return first;
};

function* everyMinutes({ minutes }: Recurrence, { after, slot: last }: Since): Generator<Slot> {
  const step = (minutes ?? DAY_MINUTES) * MINUTE;
  for (let midnight = after.getTime() - (after.getTime() % DAY); ; midnight += DAY) {
    const first = Math.max(0, Math.floor((after.getTime() - midnight) / step) + 1) * step;
    for (let time = first; time < DAY; time += step) {
      const at = new Date(midnight + time);
      const slot = at.toISOString();
      if (!last || slot > last) yield { slot, at };
    }
  }
}

const MINUTE = 60_000;
const DAY_MINUTES = 1_440;
const DAY = DAY_MINUTES * MINUTE;

function* onDates(recurrence: Recurrence, { after, slot: last }: Since): Generator<Slot> {
  const { hour, minute, zone } = recurrence;
  const time = new Temporal.PlainTime(hour, minute);
  const start = Temporal.Instant.fromEpochMilliseconds(after.getTime());
  let previous = last ?? "";
  // The day before too, because a skipped time can fall on the next day.
  for (const date of datesFrom(
    recurrence,
    start.toZonedDateTimeISO(zone).toPlainDate().subtract({ days: 1 }),
  )) {
    const at = date.toZonedDateTime({ timeZone: zone, plainTime: time });
    const slot = nameOf(date, at);
    if (slot <= previous || Temporal.Instant.compare(at.toInstant(), start) <= 0) continue;
    previous = slot;
    yield { slot, at: new Date(at.epochMilliseconds) };
  }
}

const nameOf = (date: Temporal.PlainDate, at: Temporal.ZonedDateTime): string => {
  const own = at.toPlainDate();
  if (own.equals(date)) return date.toString();
  const exists = date.toZonedDateTime(at.timeZoneId).toPlainDate().equals(date);
  return (exists ? date : own).toString();
};

/** The dates on which a recurrence falls, from a date on; for MONTHLY, from its month on. */
function* datesFrom(recurrence: Recurrence, from: Temporal.PlainDate): Generator<Temporal.PlainDate> {
  const { cadence, weekday, dayOfMonth } = recurrence;
  if (cadence === "MONTHLY") {
    // Counted from January, which has every day: counted from the month before, the 31st would become the 28th for
    // ever.
    const january = from.with({ month: 1, day: dayOfMonth ?? 1 });
    for (let months = from.month - 1; ; months++) yield january.add({ months });
  }
  const toWeekday = cadence === "WEEKLY" ? ((weekday ?? 1) - from.dayOfWeek + 7) % 7 : 0;
  const days = cadence === "WEEKLY" ? 7 : 1;
  for (let date = from.add({ days: toWeekday }); ; date = date.add({ days })) yield date;
}
