/** When a schedule recurs. */
export interface Recurrence {
  cadence: "MINUTES" | "DAILY" | "WEEKLY" | "MONTHLY";
  minutes: number | null;
  hour: number;
  minute: number;
  weekday: number | null;
  dayOfMonth: number | null;
  zone: string;
}

export interface Slot {
  slot: string;
  at: Date;
}

/** The slots of a recurrence after a time and after the slot of a name, in order, without end. */
export type SlotsAfter = (
  recurrence: Recurrence,
  since: { after: Date; slot: string | null },
) => Iterable<Slot>;

export interface Progress extends Recurrence {
  nextRunAt: Date;
  lastSlot: string | null;
}

/** What a due schedule does now. */
export interface Plan {
  /** The slot to run. None if the rules of the zone have changed and the slot is later than they said. */
  run: Slot | undefined;
  /** Slots that passed without a run: of several, only the latest runs. */
  missed: number;
  next: Date;
}

/**
 * Milliseconds before the expected time in which a slot may lie: the rules of a zone, which come with Node, change a
 * few times a year, usually by an hour.
 */
const TOLERANCE = 2 * 3_600_000;

/**
 * Plans due schedules. The same computation serves all schedules with the same rules: at midnight, most of the users
 * of a zone.
 * @throws RangeError when the zone is unknown
 */
export const createPlanner = (slotsAfter: SlotsAfter) => {
  const known = new Map<string, Plan>();

  return (schedule: Progress, now: Date): Plan => {
    const key = keyOf(schedule);
    const found = known.get(key);
    if (found && now < found.next) return found;
    const plan = planOf(slotsAfter, schedule, now);
    known.set(key, plan);
    return plan;
  };
};

const keyOf = ({
  cadence,
  minutes,
  hour,
  minute,
  weekday,
  dayOfMonth,
  zone,
  nextRunAt,
  lastSlot,
}: Progress) =>
  [cadence, minutes, hour, minute, weekday, dayOfMonth, zone, nextRunAt.getTime(), lastSlot].join();

const planOf = (slotsAfter: SlotsAfter, schedule: Progress, now: Date): Plan => {
  const { cadence, nextRunAt, lastSlot } = schedule;
  const after = new Date(nextRunAt.getTime() - (cadence === "MINUTES" ? 1 : TOLERANCE));
  let run: Slot | undefined;
  let passed = 0;
  for (const slot of slotsAfter(schedule, { after, slot: lastSlot })) {
    if (slot.at > now) return { run, missed: Math.max(0, passed - 1), next: slot.at };
    run = slot;
    passed += 1;
  }
  throw new Error("the slots of a schedule have ended");
};
