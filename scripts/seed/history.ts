import type { TaskState } from "../../prisma/client/client.ts";
import { DAY, HOUR, type SprintPlan, workingMoment } from "./calendar.ts";
import type { Dice } from "./dice.ts";

/** What a task was from a moment on. The first step is its creation. */
export interface Step {
  at: number;
  state: TaskState;
  sprint: SprintPlan | undefined;
  estimate: number | null;
}

const MINUTE = 60_000;
const ESTIMATES = [
  [1, 20],
  [2, 26],
  [3, 26],
  [5, 18],
  [8, 8],
] as const;

/** The steps of a task in the backlog: it is created, and a few are estimated. */
export const idleSteps = (dice: Dice, from: number, until: number): Step[] => [
  {
    at: workingMoment(dice, from, until - HOUR),
    state: "TODO",
    sprint: undefined,
    estimate: dice.chance(0.4) ? dice.weighted(ESTIMATES) : null,
  },
];

/**
 * The steps of a task that is planned for the sprint at `index`: it is created, started and done, mostly towards the
 * end of the sprint. What is not done in a sprint moves to the next one, at last to the backlog. Some may lie in the
 * future.
 */
export const plannedSteps = (
  dice: Dice,
  sprints: readonly SprintPlan[],
  index: number,
  from: number,
): Step[] => {
  const sprint = sprints[index];
  if (!sprint) throw new Error(`There is no sprint ${index}.`);
  const isPlanned = dice.chance(0.75);
  const at = isPlanned
    ? workingMoment(dice, Math.max(from, sprint.start - 11 * DAY), sprint.start)
    : workingMoment(dice, sprint.start + HOUR, sprint.start + 9 * DAY);
  const estimate = dice.chance(0.93) ? dice.weighted(ESTIMATES) : null;
  const isIdle = isPlanned && dice.chance(0.4);
  const steps = startSteps({ at, state: "TODO", sprint: isIdle ? undefined : sprint, estimate });
  if (isIdle) steps.add(sprint.start + dice.between(-3 * HOUR, 2 * HOUR), { sprint });
  for (const each of sprints.slice(index, index + 3)) {
    if (steps.last().sprint !== each)
      steps.add(each.start + dice.between(7 * HOUR, 9 * HOUR), { sprint: each });
    if (!dice.chance(0.14)) return finish(dice, steps, each);
    if (dice.chance(0.6))
      steps.add(workingMoment(dice, each.start + 5 * DAY, each.end - DAY), { state: "DOING" });
  }
  steps.add(steps.last().at + 10 * DAY, { state: "TODO", sprint: undefined });
  return steps.all;
};

const finish = (dice: Dice, steps: Steps, sprint: SprintPlan): Step[] => {
  const begin = Math.max(steps.last().at, sprint.start + 8 * HOUR);
  const doneAt = workingMoment(dice, begin + HOUR, Math.max(sprint.end - 3 * DAY, begin + DAY), "late");
  const effort = (steps.last().estimate ?? 3) * dice.between(3, 15) * HOUR;
  if (steps.last().state === "TODO")
    steps.add(Math.max(doneAt - effort, begin + 10 * MINUTE), { state: "DOING" });
  steps.add(doneAt, { state: "DONE" });
  if (dice.chance(0.03)) {
    steps.add(doneAt + dice.between(2, 20) * HOUR, { state: "DOING" });
    steps.add(workingMoment(dice, doneAt + DAY, doneAt + 3 * DAY), { state: "DONE" });
  }
  return steps.all;
};

/** Steps in their order, each at least a minute after the last. */
const startSteps = (first: Step) => {
  const all = [first];
  const last = (): Step => all.at(-1) ?? first;
  const add = (at: number, change: Partial<Step>) =>
    void all.push({ ...last(), ...change, at: Math.floor(Math.max(at, last().at + MINUTE)) });
  return { all, last, add };
};

type Steps = ReturnType<typeof startSteps>;
