import type { Prisma } from "../../prisma/client/client.ts";
import { DAY, planSprints, type SprintPlan, startOfDay, workingMoment } from "./calendar.ts";
import { createDice, type Dice } from "./dice.ts";
import { idleSteps, plannedSteps, type Step } from "./history.ts";
import type { Email } from "./people.ts";
import type { ProjectPlan } from "./projects.ts";
import { describe, remark } from "./remarks.ts";
import { createTitles } from "./titles.ts";

/** The rows of a project. */
export interface ProjectRows {
  project: Prisma.ProjectCreateManyInput & { id: string };
  members: Prisma.ProjectMemberCreateManyInput[];
  sprints: Prisma.SprintCreateManyInput[];
  tasks: (Prisma.TaskCreateManyInput & { id: string })[];
  changes: Prisma.TaskChangeCreateManyInput[];
  comments: Prisma.CommentCreateManyInput[];
}

export interface Options {
  seed: number;
  /** The history ends where this day begins, in UTC, so nothing lies in the future. */
  until: Date;
  userId: (email: Email) => string;
}

/** The same for every day, so that a project is found again by its seed. */
const PROJECT_TIME = new Date("2026-01-01T00:00:00Z");

export const projectId = (seed: number, index: number) => createDice(seed * 1_000 + index).uuid(PROJECT_TIME);

/** Makes a project and three months of its history: the same for the same seed and day. */
export const makeProject = (
  plan: ProjectPlan,
  index: number,
  { seed, until, userId }: Options,
): ProjectRows => {
  const dice = createDice(seed * 1_000 + index);
  const end = startOfDay(until.getTime());
  const id = dice.uuid(PROJECT_TIME);
  const sprints = planSprints(dice, end, plan.weeks);
  const begin = Math.min(...sprints.map(({ start }) => start)) - 4 * DAY;
  const createdAt = new Date(begin);
  const team = plan.members.map(([email, role]) => ({
    userId: userId(email),
    role,
    share: dice.between(0.5, 2),
  }));
  const rows: ProjectRows = {
    project: { id, name: plan.name, description: plan.description, createdAt },
    members: team.map(({ userId, role }) => ({ projectId: id, userId, role, createdAt })),
    sprints: sprints.map((sprint) => sprintRow(sprint, id, createdAt)),
    tasks: [],
    changes: [],
    comments: [],
  };
  const title = createTitles(dice, plan);
  const workers = team
    .filter(({ role }) => role !== "VIEWER")
    .map((each) => [each.userId, each.share] as const);
  for (let number = 0; number < plan.tasks; number++) {
    const all = steps(dice, sprints, begin, end).filter(({ at }) => at < end);
    addTask(rows, all, { dice, title: title(), plan, workers, end });
  }
  return rows;
};

const sprintRow = ({ id, number, start, end }: SprintPlan, projectId: string, createdAt: Date) => ({
  id,
  projectId,
  name: `Sprint ${number}`,
  startsOn: new Date(start),
  endsOn: new Date(end - DAY),
  createdAt,
});

/** A tenth of the tasks is in no sprint, a few are planned for the next one, the others are spread over the rest. */
const steps = (dice: Dice, sprints: readonly SprintPlan[], begin: number, end: number): Step[] => {
  const next = sprints.length - 1;
  const kind = dice.weighted([
    ["idle", 10],
    ["next", 4],
    ["begun", 86],
  ]);
  if (kind === "idle") return idleSteps(dice, begin, end);
  const index = kind === "next" ? next : Math.floor(dice.next() * next);
  const planned = plannedSteps(dice, sprints, index, begin);
  const [first] = planned;
  return first && first.at < end ? planned : steps(dice, sprints, begin, end);
};

interface Context {
  dice: Dice;
  title: string;
  plan: ProjectPlan;
  workers: readonly (readonly [userId: string, share: number])[];
  end: number;
}

const addTask = (rows: ProjectRows, all: Step[], { dice, title, plan, workers, end }: Context) => {
  const [first] = all;
  const last = all.at(-1);
  if (!first || !last) throw new Error("A task has no steps.");
  const projectId = rows.project.id;
  const id = dice.uuid(new Date(first.at));
  const isAssigned = last.state !== "TODO" || dice.chance(last.sprint ? 0.8 : 0.25);
  rows.tasks.push({
    id,
    projectId,
    title,
    description: describe(dice, plan),
    state: last.state,
    sprintId: last.sprint?.id ?? null,
    assigneeId: isAssigned ? dice.weighted(workers) : null,
    creatorId: dice.weighted(workers),
    dueOn: dueOn(dice, all),
    estimate: last.estimate,
    createdAt: new Date(first.at),
    startedAt: startedAt(all),
    completedAt: last.state === "DONE" ? new Date(last.at) : null,
  });
  for (const { at, state, sprint, estimate } of all)
    rows.changes.push({
      id: dice.uuid(new Date(at)),
      projectId,
      taskId: id,
      at: new Date(at),
      state,
      sprintId: sprint?.id ?? null,
      estimate,
    });
  for (let number = commentCount(dice, last); number > 0; number--) {
    const createdAt = new Date(workingMoment(dice, first.at, last.state === "DONE" ? last.at : end - 1));
    const authorId = dice.weighted(workers);
    rows.comments.push({
      id: dice.uuid(createdAt),
      taskId: id,
      authorId,
      body: remark(dice, plan),
      createdAt,
    });
  }
};

/**
 * About half of the planned tasks are due: mostly at the end of the sprint that they were planned for first. A few of
 * the others are due some weeks after their creation.
 */
const dueOn = (dice: Dice, all: Step[]): Date | null => {
  const createdOn = startOfDay(all[0]?.at ?? 0);
  const sprint = all.find((step) => step.sprint)?.sprint;
  if (!sprint) return dice.chance(0.2) ? new Date(createdOn + Math.floor(dice.between(14, 70)) * DAY) : null;
  if (!dice.chance(0.55)) return null;
  const early = dice.chance(0.6) ? 3 : Math.floor(dice.between(3, 10));
  return new Date(Math.max(sprint.end - early * DAY, createdOn));
};

/** When it left TODO last. */
const startedAt = (all: Step[]): Date | null => {
  if (all.at(-1)?.state === "TODO") return null;
  const step = all.findLast(({ state }, index) => state !== "TODO" && all[index - 1]?.state === "TODO");
  return step ? new Date(step.at) : null;
};

const commentCount = (dice: Dice, { state }: Step) =>
  dice.weighted([
    [0, state === "TODO" ? 80 : 50],
    [1, 25],
    [2, 15],
    [3, 7],
    [6, 3],
  ]);
