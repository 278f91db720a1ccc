import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";

let app: TestApp;
let ada: SignedIn;
let bob: SignedIn;
let eve: SignedIn;
let adaId: string;
let bobId: string;
let eveId: string;
let plan: ReturnType<typeof createPlanner>;

beforeAll(async () => {
  app = await createTestApp();
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

  test("is created once by two requests with the same key, and both get it", async () => {
    const send = () =>
      ada.post("/v1/projects").set("Idempotency-Key", "one-project").send({ name: "Mercury" });
    const [first, second] = [await send(), await send()];
    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
  });
});
