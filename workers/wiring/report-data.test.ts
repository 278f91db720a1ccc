import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCore, type Core } from "../../test/support/core/core.ts";
import { seededRandom } from "../../scripts/processes/random.ts";
import type { TableName, TaskRow } from "../report-generate/content.ts";
import type { ReportData, Scope } from "../report-generate/data.ts";
import { eachDay, spanOf, type Span } from "../report-generate/period.ts";
import { createReportData } from "./report-data.ts";

const HOUR = 3_600_000;
const zone = "America/New_York";
/** Summer time ends on the first. */
const sprintDays = { firstDay: "2026-11-01", lastDay: "2026-11-10" };
const AFTER = new Date("2026-12-01T00:00:00Z");
const tables: TableName[] = ["done", "pending", "overdue"];

interface Change {
  at: Date;
  state: "TODO" | "DOING" | "DONE" | null;
  sprintId: string | null;
  estimate: number | null;
}
interface Task {
  id: string;
  title: string;
  sprintId: string | null;
  assigneeId: string | null;
  dueOn: Date | null;
  estimate: number | null;
  createdAt: Date;
  startedAt: Date | null;
  completedAt: Date | null;
  state: "TODO" | "DOING" | "DONE";
}

let core: Core;
let data: ReportData;
beforeAll(async () => {
  core = await createCore();
  data = createReportData(core.database.prisma, (projectId, id) => `${projectId}/${id}`);
});
afterAll(() => core[Symbol.asyncDispose]());

/** A project whose tasks were created, moved, estimated, finished, opened again and deleted at random. */
const createProject = async (seed: number, size: number, estimated: boolean) => {
  const random = seededRandom(seed);
  const pick = <Value>(...values: Value[]): Value => values[Math.floor(random() * values.length)]!;
  const { prisma } = core.database;
  const projectId = uuidv7();
  await prisma.project.create({ data: { id: projectId, name: "Rocket" } });
  const sprints = [uuidv7(), uuidv7()];
  for (const id of sprints)
    await prisma.sprint.create({
      data: {
        ...{ id, projectId, name: "S" },
        startsOn: new Date(sprintDays.firstDay),
        endsOn: new Date(sprintDays.lastDay),
      },
    });
  const people = [uuidv7(), uuidv7()];
  for (const [index, id] of people.entries())
    await prisma.user.create({
      data: { id, email: `${id}@example.com`, name: `Person ${index}`, passwordHash: "" },
    });

  const tasks: Task[] = [];
  const histories = new Map<string, Change[]>();
  for (let number = 0; number < size; number++) {
    const id = uuidv7();
    let at = Date.parse("2026-10-29T00:00:00Z") + Math.floor(random() * 240) * HOUR;
    const now: Change = {
      ...{ at: new Date(at), state: "TODO", sprintId: pick(null, ...sprints) },
      estimate: estimated ? pick(null, 1, 3, 8) : null,
    };
    const task: Task = {
      ...{ id, title: `Task ${number}`, assigneeId: pick(null, ...people) },
      dueOn: pick(null, new Date(Date.parse("2026-10-30") + Math.floor(random() * 15) * 24 * HOUR)),
      ...{ createdAt: now.at, startedAt: null, completedAt: null, state: "TODO" },
      ...{ sprintId: null, estimate: null },
    };
    const history = [{ ...now }];
    for (let changes = Math.floor(random() * 6); changes > 0; changes--) {
      at += Math.floor(random() * 60) * HOUR;
      now.at = new Date(at);
      if (random() < 0.3) now.sprintId = pick(null, ...sprints);
      if (random() < 0.3 && estimated) now.estimate = pick(null, 2, 5);
      if (random() < 0.7) {
        const state = pick("TODO" as const, "DOING" as const, "DONE" as const);
        if (task.state === "TODO" && state !== "TODO") task.startedAt = now.at;
        if (state === "TODO") task.startedAt = null;
        if (state !== "DONE") task.completedAt = null;
        else if (task.state !== "DONE") task.completedAt = now.at;
        task.state = now.state = state;
      }
      history.push({ ...now });
    }
    Object.assign(task, { sprintId: now.sprintId, estimate: now.estimate });
    if (random() < 0.1) history.push({ ...now, at: new Date(at + HOUR), state: null });
    else tasks.push(task);
    histories.set(id, history);
  }
  await prisma.task.createMany({ data: tasks.map((task) => ({ projectId, ...task })) });
  await prisma.taskChange.createMany({
    data: [...histories].flatMap(([taskId, history]) =>
      history.map((each) => ({ id: uuidv7(), projectId, taskId, ...each })),
    ),
  });
  return { projectId, sprints, people, tasks, histories };
};

/** What the queries must find, computed task by task. */
const expectedOf = (all: readonly Task[], { sprintId }: Scope, { start, end, day }: Span) => {
  const tasks = all.filter((task) => sprintId === null || task.sprintId === sprintId);
  const within = (at: Date | null) => at !== null && at >= start && at < end;
  const isOpen = ({ createdAt, completedAt }: Task) => createdAt < end && !(completedAt && completedAt < end);
  const done = tasks.filter(({ completedAt }) => within(completedAt));
  const overdue = tasks.filter((task) => isOpen(task) && task.dueOn && task.dueOn < new Date(day));
  const pending = tasks.filter((task) => isOpen(task) && !overdue.includes(task));
  const hours = done
    .map(({ startedAt, completedAt }) => (Number(completedAt) - Number(startedAt)) / HOUR)
    .toSorted((a, b) => a - b);
  const middle = [hours[Math.floor((hours.length - 1) / 2)], hours[Math.ceil((hours.length - 1) / 2)]];
  const opened = tasks.filter(({ createdAt }) => within(createdAt));
  const cycleTime = hours.length > 0 ? (middle[0]! + middle[1]!) / 2 : null;
  const figures = { done: done.length, opened: opened.length, overdue: overdue.length, cycleTime };
  const doing = tasks.filter((task) => isOpen(task) && task.startedAt && task.startedAt < end);
  return { figures, lists: { done, pending, overdue }, doing };
};

const readAll = async (scope: Scope, span: Span, table: TableName) => {
  const rows: TaskRow[] = [];
  const sizes: number[] = [];
  for await (const batch of data.readRows(scope, span, table, new AbortController().signal)) {
    sizes.push(batch.length);
    rows.push(...batch);
  }
  return { rows, sizes };
};

describe.each([1, 2, 3, 4, 5, 6])("in the random project %i", (seed) => {
  const nows = [AFTER, new Date("2026-11-06T15:30:00Z")];
  let project: Awaited<ReturnType<typeof createProject>>;
  beforeAll(async () => {
    project = await createProject(seed, 80, seed % 2 === 0);
  });

  test.each(nows)("figures, rows and people are those of a recomputation, at %s", async (now) => {
    const { projectId, sprints, people, tasks } = project;
    const span = spanOf({ firstDay: "2026-11-02", lastDay: "2026-11-08" }, zone, now);
    for (const sprintId of [null, ...sprints]) {
      const scope = { projectId, sprintId };
      const { figures, lists, doing } = expectedOf(tasks, scope, span);
      const found = await data.readFigures(scope, span);
      expect({ ...found, cycleTime: null }).toEqual({ ...figures, cycleTime: null });
      expect(found.cycleTime === null).toBe(figures.cycleTime === null);
      expect(found.cycleTime ?? 0).toBeCloseTo(figures.cycleTime ?? 0, 6);
      expect(await data.countRows(scope, span)).toEqual({
        done: lists.done.length,
        pending: lists.pending.length,
        overdue: lists.overdue.length,
      });
      for (const table of tables) {
        const { rows } = await readAll(scope, span, table);
        const byId = new Map(lists[table].map((task) => [`${projectId}/${task.id}`, task]));
        expect(rows.map(({ url }) => url).toSorted()).toEqual([...byId.keys()].toSorted());
        const order = rows.map((row) => (table === "done" ? row.completedAt : (row.dueOn ?? "9999")));
        expect(order).toEqual(order.toSorted());
        for (const { url, title, dueOn } of rows)
          expect({ title, dueOn }).toEqual({
            title: byId.get(url)?.title,
            dueOn: byId.get(url)?.dueOn?.toISOString().slice(0, 10) ?? null,
          });
      }
      const summary = [...people, null]
        .map((person, index) => {
          const count = (list: Task[]) => list.filter(({ assigneeId }) => assigneeId === person).length;
          const points = lists.done
            .filter(({ assigneeId }) => assigneeId === person)
            .reduce((sum, { estimate }) => sum + (estimate ?? 0), 0);
          const counts = { done: count(lists.done), doing: count(doing), overdue: count(lists.overdue) };
          return { name: person && `Person ${index}`, ...counts, points };
        })
        .filter(({ done, doing, overdue }) => done + doing + overdue > 0);
      const names = (list: { name: string | null }[]) =>
        list.toSorted((a, b) => String(a.name).localeCompare(String(b.name)));
      expect(names(await data.readPeople(scope, span))).toEqual(names(summary));
    }
  });

  test("throughput is that of a recomputation", async () => {
    const { projectId, tasks } = project;
    const { start } = spanOf(sprintDays, zone, AFTER);
    const ends = eachDay(sprintDays, zone).map(({ end }) => end);
    const expected = ends.map((end, index) => {
      const within = (at: Date | null) => at !== null && at >= (ends[index - 1] ?? start) && at < end;
      return {
        done: tasks.filter(({ completedAt }) => within(completedAt)).length,
        opened: tasks.filter(({ createdAt }) => within(createdAt)).length,
      };
    });
    expect(await data.readThroughput({ projectId, sprintId: null }, start, ends)).toEqual(expected);
  });

  test("what remains is what the history of each task says of each day", async () => {
    const { start } = spanOf(sprintDays, zone, AFTER);
    const instants = [start, ...eachDay(sprintDays, zone).map(({ end }) => end)];
    for (const sprintId of project.sprints) {
      const expected = instants.map((instant) => {
        const open = [...project.histories.values()]
          .map((history) => history.filter(({ at }) => at < instant).at(-1))
          .filter((last) => last?.sprintId === sprintId && last.state !== null && last.state !== "DONE");
        const points = open.reduce((sum, last) => sum + (last?.estimate ?? 0), 0);
        return { tasks: open.length, points };
      });
      expect(await data.readRemaining(sprintId, instants)).toEqual(expected);
    }
  });
});

test("rows arrive in batches of at most 500, each row once, also when many have the same position", async () => {
  const projectId = uuidv7();
  await core.database.prisma.project.create({ data: { id: projectId, name: "Rocket" } });
  await core.database.prisma.task.createMany({
    data: Array.from({ length: 1_203 }, (_, index) => ({
      ...{ projectId, title: `${index}`, createdAt: new Date("2026-11-01") },
      dueOn: index % 3 === 0 ? null : new Date("2026-11-20"),
    })),
  });
  const span = spanOf(sprintDays, zone, AFTER);
  const { rows, sizes } = await readAll({ projectId, sprintId: null }, span, "pending");
  expect(sizes).toEqual([500, 500, 203]);
  expect(new Set(rows.map(({ url }) => url)).size).toBe(1_203);
});

test("reading rows stops when its signal aborts", async () => {
  const scope = { projectId: uuidv7(), sprintId: null };
  const rows = data.readRows(
    scope,
    spanOf(sprintDays, zone, AFTER),
    "done",
    AbortSignal.abort(new Error("over")),
  );
  await expect(rows[Symbol.asyncIterator]().next()).rejects.toThrow("over");
});
