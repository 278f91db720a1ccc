import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { notify } from "../../infra/notifications/notify.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { valid } from "../support/api/generate.ts";
import { checkResponse, type Operation, publishedOperations } from "../support/api/openapi.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";
import { createUploader, samples } from "../support/api/uploads.ts";

const operations = publishedOperations();
const protectedOperations = operations.filter((operation) => operation.isProtected);
const operationsWithIds = operations.filter(({ path, role }) => path.includes("{") && role !== "ADMIN");

let app: TestApp;
let owner: SignedIn;
let stranger: SignedIn;
let ids: string[];
beforeAll(async () => {
  app = await createTestApp();
  const people = createPeople(app);
  owner = await people.session("owner@example.com");
  stranger = await people.session("stranger@example.com");
  await createUploader(app, owner).upload(samples.png);
  const plan = createPlanner(owner);
  const { id } = await plan.project();
  const sprint = await plan.sprint(id);
  const task = await plan.task(id, { sprintId: sprint.id });
  await plan.comment(task.id);
  await owner.post(`/v1/projects/${id}/invitations`).send({ email: "invited@example.com", role: "MEMBER" });
  await owner.post("/v1/reports").send({ projectId: id, period: "SPRINT" });
  await owner.post("/v1/devices").send({ token: "token-of-owner", platform: "ANDROID" });
  const { id: userId } = (await owner.get("/v1/me")).body as { id: string };
  await app.core.database.prisma.$transaction((tx) => notify(tx, { userId, kind: "report-ready" }));
  ids = await idsOfOwner();
});
afterAll(() => app[Symbol.asyncDispose]());

/** A call that would succeed if the caller were authorized. */
const call = async (operation: Operation, cookie: string | undefined, id: string): Promise<Response> => {
  // The document does not express every rule about a body, so some samples are invalid.
  for (let tries = 1; ; tries++) {
    const response = await callOnce(operation, cookie, id);
    if (response.status !== 422 || tries === 50) return response;
  }
};

const callOnce = ({ method, path, body }: Operation, cookie: string | undefined, id: string) => {
  const known = { emails: ["owner@example.com"], passwords: ["correct horse battery"], ids: [id] };
  return fetch(app.url + path.replaceAll(/\{\w+\}/g, id), {
    method,
    headers: { ...(cookie ? { cookie } : {}), "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(fc.sample(valid(body, known), 1)[0]) } : {}),
  });
};

const reads = protectedOperations.filter(
  ({ method, role, isStream }) => method === "GET" && role === undefined && !isStream,
);

/** Every id that the API returns to the owner: in lists, and in what belongs to a record of a list. */
const idsOfOwner = async (): Promise<string[]> => {
  const ids = new Set<string>();
  const collect = async (path: string) => {
    const { text } = await owner.get(path);
    for (const [id] of text.matchAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g))
      ids.add(id);
  };
  for (const { path } of reads.filter(({ path }) => !path.includes("{"))) await collect(path);
  const nested = reads.filter(({ path }) => /^[^{]*\{\w+\}(\/\w+)?$/.test(path));
  // A set is also iterated over the ids that are added meanwhile.
  for (const id of ids) for (const { path } of nested) await collect(path.replace(/\{\w+\}/, id));
  return [...ids];
};

describe("a visitor", () => {
  test.each(protectedOperations)("is rejected by $title", async (operation) => {
    const response = await call(operation, undefined, crypto.randomUUID());
    expect(response.status).toBe(401);
    await checkResponse(operation, response);
  });
});

describe("a user", () => {
  test.each(operations.filter(({ role }) => role === "ADMIN"))("is rejected by $title", async (operation) => {
    const response = await call(operation, stranger.cookie, crypto.randomUUID());
    expect(response.status).toBe(403);
    await checkResponse(operation, response);
  });

  test.each(operationsWithIds)("cannot access another user's data with $title", async (operation) => {
    expect(ids.length).toBeGreaterThan(8);
    for (const id of ids) {
      const response = await call(operation, stranger.cookie, id);
      expect(response.status, `with ${id}`).toBe(404);
      await checkResponse(operation, response);
    }
  });

  test("has changed nothing of another user's with any of these", async () => {
    expect(await idsOfOwner()).toEqual(ids);
  });
});
