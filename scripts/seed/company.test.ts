import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makeProject } from "./company.ts";
import { projects } from "./projects.ts";

const until = new Date("2026-11-27T00:00:00Z");
const make = (seed: number, day = until) =>
  projects.map((plan, index) => makeProject(plan, index, { seed, until: day, userId: (email) => email }));
const hash = (rows: unknown) => createHash("sha256").update(JSON.stringify(rows)).digest("hex");

describe("the company of the seed", () => {
  const made = make(1);
  const tasks = made.flatMap((rows) => rows.tasks);
  const changes = made.flatMap((rows) => rows.changes);
  const comments = made.flatMap((rows) => rows.comments);

  test("is the same for the same seed and day, and another for others", () => {
    expect(hash(make(1))).toBe(hash(made));
    expect(hash(make(2))).not.toBe(hash(made));
    expect(hash(make(1, new Date("2026-11-26T00:00:00Z")))).not.toBe(hash(made));
    expect(make(1, new Date("2027-02-01T00:00:00Z")).map(({ project }) => project.id)).toEqual(
      made.map(({ project }) => project.id),
    );
  });

  test("has 2,000 tasks of three months in three projects", () => {
    expect([made.length, tasks.length]).toEqual([3, 2_000]);
    const oldest = Math.min(...tasks.map(({ createdAt }) => Number(createdAt)));
    const days = (Number(until) - oldest) / 86_400_000;
    expect(days).toBeGreaterThan(80);
    expect(days).toBeLessThan(105);
    for (const rows of [tasks, changes, comments])
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  test("has times in their order, none in the future", () => {
    for (const { state, dueOn, createdAt, startedAt, completedAt } of tasks) {
      expect(Number(dueOn) % 86_400_000).toBe(0);
      expect([!startedAt, !completedAt]).toEqual([state === "TODO", state !== "DONE"]);
      const times = [createdAt, startedAt ?? createdAt, completedAt ?? until, until].map(Number);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
    for (const { at } of changes) expect(Number(at)).toBeLessThan(Number(until));
    for (const { createdAt } of comments) expect(Number(createdAt)).toBeLessThan(Number(until));
  });

  test("has a history that ends with what each task is", () => {
    for (const task of tasks) {
      const own = changes.filter(({ taskId }) => taskId === task.id);
      const { state, sprintId, estimate } = own.at(-1)!;
      expect({ state, sprintId, estimate }).toEqual({
        state: task.state,
        sprintId: task.sprintId,
        estimate: task.estimate,
      });
      expect(own[0]!.at).toEqual(task.createdAt);
      const times = own.map(({ at }) => Number(at));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect([own.at(-1)!.at, null]).toContainEqual(task.completedAt);
    }
  });

  test("has sprints of two weeks without gaps, of which one is current and one is next", () => {
    for (const { sprints } of made) {
      for (const [index, { startsOn, endsOn }] of sprints.entries()) {
        expect(Number(endsOn) - Number(startsOn)).toBe(13 * 86_400_000);
        const next = sprints[index + 1]?.startsOn ?? new Date(Number(endsOn) + 86_400_000);
        expect(Number(next) - Number(endsOn)).toBe(86_400_000);
      }
      expect(sprints.filter(({ startsOn, endsOn }) => startsOn <= until && endsOn >= until)).toHaveLength(1);
      expect(sprints.filter(({ startsOn }) => startsOn > until)).toHaveLength(1);
    }
  });

  test("has the rhythm of a company", () => {
    const done = tasks.flatMap(({ completedAt }) => (completedAt ? [new Date(completedAt)] : []));
    const atWeekends = done.filter((date) => [0, 6].includes(date.getUTCDay()));
    expect(done.length).toBeGreaterThan(1_200);
    expect(atWeekends.length / done.length).toBeLessThan(0.05);
    for (const { sprints, tasks: own } of made) {
      const states = new Set(own.map(({ state }) => state));
      expect([...states].toSorted()).toEqual(["DOING", "DONE", "TODO"]);
      const overdue = own.filter(({ state, dueOn }) => state !== "DONE" && dueOn && dueOn < until);
      expect(overdue.length).toBeGreaterThan(0);
      expect(overdue.length).toBeLessThan(own.length / 10);
      const past = sprints.filter(({ endsOn }) => endsOn < until);
      const halves = [0, 0];
      for (const { startsOn, id } of past)
        for (const { sprintId, completedAt } of own)
          if (sprintId === id && completedAt)
            halves[Number(completedAt) < Number(startsOn) + 7 * 86_400_000 ? 0 : 1]! += 1;
      expect(halves[1]).toBeGreaterThan(halves[0]! * 1.2);
    }
  });

  test("has people of the project only, and viewers who change nothing", () => {
    for (const { members, tasks: own } of made) {
      const active = members.filter(({ role }) => role !== "VIEWER").map(({ userId }) => userId);
      for (const { assigneeId, creatorId } of own) {
        expect(active).toContain(creatorId);
        expect([...active, null]).toContain(assigneeId);
      }
    }
    expect(new Set(made.flatMap(({ members }) => members.map(({ userId }) => userId))).size).toBe(12);
  });
});
