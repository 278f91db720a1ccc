import type { Dice } from "./dice.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Two weeks from a Monday to a Sunday. Times are in milliseconds, in UTC. */
export interface SprintPlan {
  id: string;
  number: number;
  start: number;
  /** After its last day. */
  end: number;
}

const PAST = 6;

/**
 * Six past sprints, the current and the next one. `weeks` have passed since the Monday on which the current one began.
 */
export const planSprints = (dice: Dice, until: number, weeks: 0 | 1): SprintPlan[] => {
  const monday = until - ((new Date(until).getUTCDay() + 6) % 7) * DAY;
  const first = monday - (weeks + 2 * PAST) * 7 * DAY;
  return Array.from({ length: PAST + 2 }, (_, index) => {
    const start = first + index * 14 * DAY;
    return { id: dice.uuid(new Date(start)), number: index + 1, start, end: start + 14 * DAY };
  });
};

/** A moment between two others, almost always on a weekday between 7 and 18 in UTC. `late` prefers the end. */
export const workingMoment = (dice: Dice, from: number, to: number, preference?: "late"): number => {
  const share = preference === "late" ? Math.max(dice.next(), dice.next()) : dice.next();
  let day = startOfDay(from + share * (to - from));
  const weekday = new Date(day).getUTCDay();
  const isWeekend = weekday === 0 || weekday === 6;
  if (isWeekend && dice.chance(0.94)) day -= (weekday === 6 ? 1 : 2) * DAY;
  const moment = day + (7 + 5.5 * (dice.next() + dice.next())) * HOUR;
  return Math.floor(Math.min(Math.max(moment, from), to));
};

export const startOfDay = (at: number) => Math.floor(at / DAY) * DAY;
