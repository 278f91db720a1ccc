import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { checkResponse, publishedOperations } from "../support/api/openapi.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";

const callers = ["visitor", "stranger", "viewer", "member", "owner"] as const;
type Caller = (typeof callers)[number];

let app: TestApp;
const people = new Map<Caller, SignedIn>();
const ids = new Map<Caller | "other", string>();
beforeAll(async () => {
  app = await createTestApp();
  const { session } = createPeople(app);
  for (const caller of callers.slice(1)) {
    const person = await session(`${caller}@example.com`);
    people.set(caller, person);
    ids.set(caller, (await person.get("/v1/me")).body.id as string);
  }
  ids.set("other", (await (await session("other@example.com")).get("/v1/me")).body.id as string);
});
afterAll(() => app[Symbol.asyncDispose]());

/** What each caller gets: visitor, stranger, viewer, member, owner. */
const matrix: [operation: string, body: object | undefined, statuses: [...number[]]][] = [
  ["GET /v1/projects/{id}", undefined, [401, 404, 200, 200, 200]],
  ["PATCH /v1/projects/{id}", { name: "Gemini" }, [401, 404, 403, 403, 200]],
  ["DELETE /v1/projects/{id}", undefined, [401, 404, 403, 403, 204]],
  ["GET /v1/projects/{id}/members", undefined, [401, 404, 200, 200, 200]],
  ["PATCH /v1/projects/{id}/members/{userId}", { role: "OWNER" }, [401, 404, 403, 403, 200]],
  ["DELETE /v1/projects/{id}/members/{userId}", undefined, [401, 404, 403, 403, 204]],
  [
    "POST /v1/projects/{id}/invitations",
    { email: "new@example.com", role: "VIEWER" },
    [401, 404, 403, 403, 201],
  ],
  ["GET /v1/projects/{id}/invitations", undefined, [401, 404, 403, 403, 200]],
  ["DELETE /v1/projects/{id}/invitations/{invitationId}", undefined, [401, 404, 403, 403, 204]],
  [
    "POST /v1/projects/{id}/sprints",
    { name: "Two", startsOn: "2026-12-07", endsOn: "2026-12-20" },
    [401, 404, 403, 201, 201],
  ],
  ["GET /v1/projects/{id}/sprints", undefined, [401, 404, 200, 200, 200]],
  ["GET /v1/sprints/{id}", undefined, [401, 404, 200, 200, 200]],
  ["PATCH /v1/sprints/{id}", { name: "Other" }, [401, 404, 403, 200, 200]],
  ["DELETE /v1/sprints/{id}", undefined, [401, 404, 403, 204, 204]],
  ["POST /v1/projects/{id}/tasks", { title: "New" }, [401, 404, 403, 201, 201]],
  ["GET /v1/projects/{id}/tasks", undefined, [401, 404, 200, 200, 200]],
  ["GET /v1/tasks/{id}", undefined, [401, 404, 200, 200, 200]],
  ["PATCH /v1/tasks/{id}", { state: "DONE" }, [401, 404, 403, 200, 200]],
  ["DELETE /v1/tasks/{id}", undefined, [401, 404, 403, 204, 204]],
  ["POST /v1/tasks/{id}/comments", { body: "Hello" }, [401, 404, 201, 201, 201]],
  ["GET /v1/tasks/{id}/comments", undefined, [401, 404, 200, 200, 200]],
  // Of another author.
  ["PATCH /v1/comments/{id}", { body: "Changed" }, [401, 404, 403, 403, 403]],
  ["DELETE /v1/comments/{id}", undefined, [401, 404, 403, 403, 204]],
];

const OF_A_PROJECT = /^\S+ \/v1\/(projects\/|sprints\/|tasks\/|comments\/)/;

test("the table has every operation on a project", () => {
  const published = publishedOperations().filter(({ title }) => OF_A_PROJECT.test(title));
  expect(matrix.map(([title]) => title).toSorted()).toEqual(published.map(({ title }) => title).toSorted());
});

test.each(matrix)("%s", async (title, body, statuses) => {
  const operation = publishedOperations().find((each) => each.title === title)!;
  const received: number[] = [];
  for (const caller of callers) {
    const path = await createPath(title);
    const { cookie } = people.get(caller) ?? {};
    const response = await fetch(app.url + path, {
      method: operation.method,
      headers: { "content-type": "application/json", ...(cookie && { cookie }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    received.push(response.status);
    await checkResponse(operation, response);
  }
  expect(received).toEqual(statuses);
});

/** A new project with everything, and the path of the operation in it. */
const createPath = async (title: string) => {
  const owner = people.get("owner")!;
  const plan = createPlanner(owner);
  const { id: projectId } = await plan.project();
  const { projectMember, comment } = app.core.database.prisma;
  const join = (of: Caller | "other", role: "MEMBER" | "VIEWER") => ({
    projectId,
    userId: ids.get(of)!,
    role,
  });
  await projectMember.createMany({
    data: [join("viewer", "VIEWER"), join("member", "MEMBER"), join("other", "MEMBER")],
  });
  const sprint = await plan.sprint(projectId);
  const task = await plan.task(projectId);
  const written = await comment.create({
    data: { taskId: task.id, authorId: ids.get("other")!, body: "Mine" },
  });
  const invited = await owner
    .post(`/v1/projects/${projectId}/invitations`)
    .send({ email: "invited@example.com", role: "MEMBER" });
  const idOf: Record<string, string> = {
    projects: projectId,
    sprints: sprint.id,
    tasks: task.id,
    comments: written.id,
  };
  const [, collection = ""] = /\/v1\/(\w+)\//.exec(title) ?? [];
  return title
    .replace(/^\S+ /, "")
    .replace("{id}", idOf[collection] ?? "")
    .replace("{userId}", ids.get("other")!)
    .replace("{invitationId}", String(invited.body.id));
};
