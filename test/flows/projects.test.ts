import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { wire as wireProjectPurge } from "../../workers/wiring/project-purge.ts";
import { wire as wireReportPurge } from "../../workers/wiring/report-purge.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";
import { keysOf } from "../support/servers/storage.ts";

let app: TestApp;
let ada: SignedIn;
let bob: SignedIn;
let eve: SignedIn;
let adaId: string;
let bobId: string;
let eveId: string;
let plan: ReturnType<typeof createPlanner>;

beforeAll(async () => {
  app = await createTestApp({ modules: [wireProjectPurge, wireReportPurge] });
  const people = createPeople(app);
  [ada, bob, eve] = await Promise.all([
    people.session("ada@example.com"),
    people.session("bob@example.com"),
    people.session("eve@example.com"),
  ]);
  const idOf = async (person: SignedIn) => (await person.get("/v1/me")).body.id as string;
  [adaId, bobId, eveId] = [await idOf(ada), await idOf(bob), await idOf(eve)];
  plan = createPlanner(ada);
});
afterAll(() => app[Symbol.asyncDispose]());

const prisma = () => app.core.database.prisma;

/** Adds a member directly: invitations.test.ts shows the way over the mail. */
const join = (projectId: string, userId: string, role: "MEMBER" | "VIEWER" = "MEMBER") =>
  prisma().projectMember.create({ data: { projectId, userId, role } });

const changesOf = (taskId: string) =>
  prisma().taskChange.findMany({
    where: { taskId },
    orderBy: [{ at: "asc" }, { id: "asc" }],
    select: { state: true, sprintId: true, estimate: true },
  });

describe("a project", () => {
  test("is created with its owner, listed with its counts, changed and deleted", async () => {
    const { body: created, status } = await ada
      .post("/v1/projects")
      .send({ name: " Apollo ", description: "To the Moon" });
    expect(status).toBe(201);
    expect(created).toMatchObject({ name: "Apollo", description: "To the Moon", role: "OWNER", members: 1 });
    await plan.task(created.id, { state: "DOING", dueOn: "2020-02-29" });
    await plan.task(created.id, { state: "DONE", dueOn: "2020-02-29" });
    const tasks = { todo: 0, doing: 1, done: 1, overdue: 1 };
    const listed = (await ada.get("/v1/projects")).body.items;
    expect(listed[0]).toEqual({ ...created, tasks });
    expect((await ada.get(`/v1/projects/${created.id}`)).body).toEqual({ ...created, tasks });
    const changed = await ada.patch(`/v1/projects/${created.id}`).send({ name: "Gemini" });
    expect(changed.body).toEqual({ ...created, name: "Gemini", tasks });
    expect((await ada.delete(`/v1/projects/${created.id}`)).status).toBe(204);
    expect((await ada.get(`/v1/projects/${created.id}`)).status).toBe(404);
    expect((await ada.delete(`/v1/projects/${created.id}`)).status).toBe(404);
  });

  test("is gone at once when it is deleted, and a job deletes what was in it", async () => {
    const { id: projectId } = await plan.project();
    await join(projectId, bobId);
    const sprint = await plan.sprint(projectId);
    const task = await plan.task(projectId, { sprintId: sprint.id });
    const data = Array.from({ length: 2_500 }, () => ({ projectId, title: "Many" }));
    await prisma().task.createMany({ data });
    const comments = Array.from({ length: 2_500 }, () => ({ taskId: task.id, body: "Many" }));
    await prisma().comment.createMany({ data: comments });
    const other = await plan.task((await plan.project()).id);
    const day = new Date("2026-11-27");
    const report = await prisma().report.create({
      data: {
        projectId,
        userId: adaId,
        period: "DAY",
        firstDay: day,
        lastDay: day,
        zone: "UTC",
        state: "READY",
      },
    });
    const { storage } = app.files;
    await storage.write(`reports/${report.id}/report.pdf`, Buffer.from("PDF"), "application/pdf");

    expect((await ada.delete(`/v1/projects/${projectId}`)).status).toBe(204);
    for (const path of [`/v1/projects/${projectId}`, `/v1/sprints/${sprint.id}`, `/v1/tasks/${task.id}`])
      expect((await bob.get(path)).status).toBe(404);
    const purged = { name: "project-purge", payload: { equals: { projectId } }, state: "COMPLETED" } as const;
    const result = await until(
      "the project is purged",
      async () => (await prisma().job.findFirst({ where: purged }))?.result,
    );
    expect(result).toBe(`rows deleted: ${2_501 + 2_500 + 1 + 1 + 1 + 1}`);
    const where = { projectId };
    expect([await prisma().task.count({ where }), await prisma().taskChange.count({ where })]).toEqual([
      0, 0,
    ]);
    expect(await prisma().comment.count({ where: { taskId: task.id } })).toBe(0);
    expect((await ada.get(`/v1/tasks/${other.id}`)).status).toBe(200);
    await until("its report's file is removed", async () =>
      (await keysOf(storage, `reports/${report.id}/`)).length === 0 ? true : undefined,
    );
  });

  test("is created once by two requests with the same key, and both get it", async () => {
    const send = () =>
      ada.post("/v1/projects").set("Idempotency-Key", "one-project").send({ name: "Mercury" });
    const [first, second] = [await send(), await send()];
    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
  });
});

describe("a role", () => {
  test("is changed by the owner only, and does not make a second owner", async () => {
    const { id } = await plan.project();
    await join(id, bobId);
    const change = (by: SignedIn, userId: string, role: string) =>
      by.patch(`/v1/projects/${id}/members/${userId}`).send({ role });
    expect((await change(bob, bobId, "OWNER")).body.type).toBe("/problems/wrong-role");
    expect((await change(eve, bobId, "VIEWER")).status).toBe(404);
    expect((await change(ada, eveId, "VIEWER")).status).toBe(404);
    expect((await change(ada, adaId, "MEMBER")).body.type).toBe("/problems/owner-required");
    expect((await change(ada, bobId, "VIEWER")).body).toMatchObject({ userId: bobId, role: "VIEWER" });
    const rename = await bob.patch(`/v1/projects/${id}`).send({ name: "Mine" });
    expect(rename.body.type).toBe("/problems/wrong-role");
  });

  test("OWNER is transferred, once, also by parallel requests", async () => {
    const { id } = await plan.project();
    await join(id, bobId);
    await join(id, eveId);
    const transfer = (userId: string) =>
      ada.patch(`/v1/projects/${id}/members/${userId}`).send({ role: "OWNER" });
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, n) => transfer(n % 2 === 0 ? bobId : eveId)),
    );
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(responses.filter(({ body }) => body.type === "/problems/wrong-role")).toHaveLength(19);
    const { items } = (await ada.get(`/v1/projects/${id}/members`)).body;
    expect(items.map(({ role }: { role: string }) => role).toSorted()).toEqual(["MEMBER", "MEMBER", "OWNER"]);
  });
});

describe("a member who is removed or leaves", () => {
  test("loses the project, the tasks and the schedule", async () => {
    const { id } = await plan.project();
    await join(id, bobId);
    const task = await plan.task(id, { assigneeId: bobId });
    const schedule = {
      projectId: id,
      userId: bobId,
      job: "report-generate",
      payload: {},
      cadence: "DAILY",
    } as const;
    await prisma().schedule.create({ data: { ...schedule, nextRunAt: new Date() } });
    expect((await bob.delete(`/v1/projects/${id}/members/${adaId}`)).status).toBe(403);
    expect((await bob.delete(`/v1/projects/${id}/members/${bobId}`)).status).toBe(204);
    expect((await bob.get(`/v1/tasks/${task.id}`)).status).toBe(404);
    expect((await ada.get(`/v1/tasks/${task.id}`)).body.assigneeId).toBeNull();
    expect(await prisma().schedule.count({ where: { projectId: id } })).toBe(0);
    expect((await ada.delete(`/v1/projects/${id}/members/${bobId}`)).status).toBe(404);
  });

  test("is not the owner", async () => {
    const { id } = await plan.project();
    const response = await ada.delete(`/v1/projects/${id}/members/${adaId}`);
    expect(response.body.type).toBe("/problems/owner-required");
  });

  test("has no tasks afterwards, although others assign some at the same time", async () => {
    const { id } = await plan.project();
    await join(id, bobId);
    const removal = ada.delete(`/v1/projects/${id}/members/${bobId}`);
    const [removed, ...assigned] = await Promise.all([
      removal,
      ...Array.from({ length: 20 }, () =>
        ada.post(`/v1/projects/${id}/tasks`).send({ title: "For Bob", assigneeId: bobId }),
      ),
    ]);
    expect(removed.status).toBe(204);
    for (const { status, body } of assigned)
      expect(status === 201 || body.errors[0].field === "assigneeId").toBe(true);
    expect(await prisma().task.count({ where: { projectId: id, assigneeId: bobId } })).toBe(0);
  });

  test("may have more tasks than one statement changes", async () => {
    const { id: projectId } = await plan.project();
    await join(projectId, bobId);
    const data = Array.from({ length: 2_500 }, () => ({ projectId, title: "Many", assigneeId: bobId }));
    await prisma().task.createMany({ data });
    expect((await ada.delete(`/v1/projects/${projectId}/members/${bobId}`)).status).toBe(204);
    expect(await prisma().task.count({ where: { projectId, assigneeId: null } })).toBe(2_500);
  });
});

describe("a sprint", () => {
  test("is created, changed and listed", async () => {
    const { id } = await plan.project();
    const sprint = await plan.sprint(id, { startsOn: "2028-02-29", endsOn: "2028-02-29" });
    expect(sprint).toMatchObject({ projectId: id, startsOn: "2028-02-29", endsOn: "2028-02-29" });
    const changed = await ada.patch(`/v1/sprints/${sprint.id}`).send({ endsOn: "2028-03-10" });
    expect(changed.body).toEqual({ ...sprint, endsOn: "2028-03-10" });
    expect((await ada.get(`/v1/projects/${id}/sprints`)).body).toEqual({ items: [changed.body], next: null });
    expect((await ada.get(`/v1/sprints/${sprint.id}`)).body).toEqual(changed.body);
  });

  test.for([
    ["it ends before it starts", { startsOn: "2026-12-02", endsOn: "2026-12-01" }, "endsOn"],
    ["it is longer than a year", { startsOn: "2026-01-01", endsOn: "2027-01-02" }, "endsOn"],
    ["a day does not exist", { startsOn: "2026-02-29", endsOn: "2026-03-01" }, "startsOn"],
    ["a day is a time", { startsOn: "2026-02-20T00:00:00Z", endsOn: "2026-03-01" }, "startsOn"],
    ["a day is in year 0", { startsOn: "0000-01-01", endsOn: "2026-03-01" }, "startsOn"],
  ] as const)("is refused if %s", async ([, days, field]) => {
    const { id } = await plan.project();
    const response = await ada.post(`/v1/projects/${id}/sprints`).send({ name: "S", ...days });
    expect([response.status, response.body.errors[0].field]).toEqual([422, field]);
  });

  test("is not changed into one that ends before it starts, also by parallel requests", async () => {
    const { id } = await plan.project();
    const sprint = await plan.sprint(id, { startsOn: "2026-11-01", endsOn: "2026-11-30" });
    const patch = (body: object) => ada.patch(`/v1/sprints/${sprint.id}`).send(body);
    const both = [patch({ startsOn: "2026-11-20" }), patch({ endsOn: "2026-11-10" })];
    const statuses = (await Promise.all(both)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 422]);
  });

  test("leaves its tasks without a sprint when it is deleted, and each change is recorded", async () => {
    const { id: projectId } = await plan.project();
    const sprint = await plan.sprint(projectId);
    const task = await plan.task(projectId, { sprintId: sprint.id, estimate: 5 });
    const data = Array.from({ length: 2_500 }, () => ({ projectId, title: "Many", sprintId: sprint.id }));
    await prisma().task.createMany({ data });
    expect((await ada.delete(`/v1/sprints/${sprint.id}`)).status).toBe(204);
    expect((await ada.get(`/v1/tasks/${task.id}`)).body.sprintId).toBeNull();
    expect(await changesOf(task.id)).toEqual([
      { state: "TODO", sprintId: sprint.id, estimate: 5 },
      { state: "TODO", sprintId: null, estimate: 5 },
    ]);
    expect(await prisma().taskChange.count({ where: { projectId, sprintId: null } })).toBe(2_501);
  });

  test("has no unrecorded tasks when it is deleted while tasks are added to it", async () => {
    const { id: projectId } = await plan.project();
    const sprint = await plan.sprint(projectId);
    const tasks = await Promise.all(Array.from({ length: 20 }, () => plan.task(projectId)));
    const [deleted] = await Promise.all([
      ada.delete(`/v1/sprints/${sprint.id}`),
      ...tasks.map(({ id }) => ada.patch(`/v1/tasks/${id}`).send({ sprintId: sprint.id })),
    ]);
    expect(deleted.status).toBe(204);
    for (const { id } of tasks) expect((await changesOf(id)).at(-1)?.sprintId).toBeNull();
    expect(await prisma().task.count({ where: { projectId, sprintId: null } })).toBe(20);
  });
});

describe("a task", () => {
  test("has the times at which it was started and completed, kept by the server", async () => {
    const { id } = await plan.project();
    const { id: taskId } = await plan.task(id);
    const move = async (state: string) => (await ada.patch(`/v1/tasks/${taskId}`).send({ state })).body;
    const doing = await move("DOING");
    expect(doing).toMatchObject({ startedAt: expect.any(String), completedAt: null });
    const done = await move("DONE");
    expect(done).toMatchObject({ startedAt: doing.startedAt, completedAt: expect.any(String) });
    const same = (await ada.patch(`/v1/tasks/${taskId}`).send({ state: "DONE", title: "Other" })).body;
    expect(same).toMatchObject({ title: "Other", completedAt: done.completedAt });
    expect(await move("DOING")).toMatchObject({ startedAt: doing.startedAt, completedAt: null });
    expect(await move("TODO")).toMatchObject({ startedAt: null, completedAt: null });
  });

  test("records what a burn-down shows, and nothing else", async () => {
    const { id } = await plan.project();
    const sprint = await plan.sprint(id);
    const { id: taskId } = await plan.task(id, { estimate: 3 });
    const patch = (body: object) => ada.patch(`/v1/tasks/${taskId}`).send(body);
    await patch({ sprintId: sprint.id });
    await patch({ title: "Renamed", description: "More", dueOn: "2026-12-01", assigneeId: adaId });
    await patch({ estimate: 3 });
    await patch({ estimate: 8, state: "DOING" });
    await patch({ state: "DONE" });
    await patch({ sprintId: null, estimate: null });
    expect((await ada.delete(`/v1/tasks/${taskId}`)).status).toBe(204);
    expect(await changesOf(taskId)).toEqual([
      { state: "TODO", sprintId: null, estimate: 3 },
      { state: "TODO", sprintId: sprint.id, estimate: 3 },
      { state: "DOING", sprintId: sprint.id, estimate: 8 },
      { state: "DONE", sprintId: sprint.id, estimate: 8 },
      { state: "DONE", sprintId: null, estimate: null },
      { state: null, sprintId: null, estimate: null },
    ]);
  });

  test("ends as its last record says after parallel changes", async () => {
    const { id } = await plan.project();
    const { id: taskId } = await plan.task(id);
    const states = ["DOING", "DONE", "TODO", "DONE", "DOING"];
    await Promise.all(
      [...states, ...states, ...states].map((state, estimate) =>
        ada.patch(`/v1/tasks/${taskId}`).send({ state, estimate }),
      ),
    );
    const { state, estimate, startedAt, completedAt } = (await ada.get(`/v1/tasks/${taskId}`)).body;
    expect((await changesOf(taskId)).at(-1)).toEqual({ state, sprintId: null, estimate });
    expect([startedAt !== null, completedAt !== null]).toEqual([state !== "TODO", state === "DONE"]);
  });

  test("refers only to members and sprints of its project", async () => {
    const { id } = await plan.project();
    const other = await plan.project();
    const sprint = await plan.sprint(other.id);
    const task = await plan.task(id);
    for (const [field, value] of [
      ["assigneeId", bobId],
      ["assigneeId", randomUUID()],
      ["sprintId", sprint.id],
      ["sprintId", randomUUID()],
    ] as const) {
      const body = { title: "T", [field]: value };
      for (const response of [
        await ada.post(`/v1/projects/${id}/tasks`).send(body),
        await ada.patch(`/v1/tasks/${task.id}`).send(body),
      ])
        expect([response.status, response.body.errors[0].field]).toEqual([422, field]);
    }
  });

  test.for([
    [{ title: " " }, "title"],
    [{ title: "x".repeat(5_001) }, "title"],
    [{ title: "T", description: "x".repeat(10_001) }, "description"],
    [{ title: "T", estimate: -1 }, "estimate"],
    [{ title: "T", estimate: 1_001 }, "estimate"],
    [{ title: "T", estimate: 0.5 }, "estimate"],
    [{ title: "T", dueOn: "2027-02-29" }, "dueOn"],
    [{ title: "T", state: "OPEN" }, "state"],
  ] as const)("is refused with %j", async ([body, field]) => {
    const { id } = await plan.project();
    const response = await ada.post(`/v1/projects/${id}/tasks`).send(body);
    expect([response.status, response.body.errors[0].field]).toEqual([422, field]);
  });

  test("may have a title of 5,000 and a description of 10,000 characters of any script", async () => {
    const { id } = await plan.project();
    const body = { title: "課".repeat(5_000), description: "題".repeat(10_000) };
    expect((await ada.post(`/v1/projects/${id}/tasks`).send(body)).status).toBe(201);
  });
});

describe("the list of tasks", () => {
  test("is filtered, and goes on from a cursor", async () => {
    const { id: projectId } = await plan.project();
    const sprint = await plan.sprint(projectId);
    await plan.task(projectId, { title: "a", state: "DOING", sprintId: sprint.id, dueOn: "2020-01-01" });
    await plan.task(projectId, { title: "b", state: "DONE", assigneeId: adaId, dueOn: "2020-01-02" });
    await plan.task(projectId, { title: "c", dueOn: "2020-01-03", sprintId: sprint.id });
    await plan.task(projectId, { title: "d", assigneeId: adaId, dueOn: "2100-01-01" });
    await plan.task(projectId, { title: "e" });
    const list = async (query: string) => (await ada.get(`/v1/projects/${projectId}/tasks?${query}`)).body;
    const titles = async (query: string) =>
      (await list(query)).items.map(({ title }: { title: string }) => title).join("");
    expect(await titles("")).toBe("edcba");
    expect(await titles("state=TODO")).toBe("edc");
    expect(await titles(`assigneeId=${adaId}`)).toBe("db");
    expect(await titles("assigneeId=none")).toBe("eca");
    expect(await titles(`sprintId=${sprint.id.toUpperCase()}`)).toBe("ca");
    expect(await titles("sprintId=none&state=TODO")).toBe("ed");
    expect(await titles("dueBefore=2020-01-02")).toBe("a");
    expect(await titles("dueAfter=2020-01-01&dueBefore=2020-01-03")).toBe("b");
    expect(await titles("overdue=true")).toBe("ca");
    expect(await titles("overdue=true&state=DONE")).toBe("");
    const { next } = await list("limit=2&state=TODO");
    expect(await titles(`limit=2&state=TODO&cursor=${next}`)).toBe("c");
    expect((await ada.get(`/v1/projects/${projectId}/tasks?state=OPEN`)).status).toBe(422);
  });
});

describe("a comment", () => {
  test("is written by every member, changed by its author, deleted by its author or the owner", async () => {
    const { id } = await plan.project();
    await join(id, bobId, "VIEWER");
    await join(id, eveId);
    const task = await plan.task(id);
    const written = await bob.post(`/v1/tasks/${task.id}/comments`).send({ body: " Why? " });
    expect(written.status).toBe(201);
    expect(written.body).toMatchObject({ body: "Why?", authorId: bobId, authorName: "Ada Lovelace" });
    const path = `/v1/comments/${written.body.id}`;
    for (const other of [ada, eve])
      expect((await other.patch(path).send({ body: "Because" })).body.type).toBe("/problems/wrong-role");
    expect((await eve.delete(path)).body.type).toBe("/problems/wrong-role");
    const edited = await bob.patch(path).send({ body: "How?" });
    expect(edited.body).toMatchObject({ body: "How?", editedAt: expect.any(String) });
    expect((await eve.get(`/v1/tasks/${task.id}/comments`)).body.items).toEqual([edited.body]);
    expect((await ada.delete(path)).status).toBe(204);
    expect((await bob.delete(path)).status).toBe(404);
  });
});
