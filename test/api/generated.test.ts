import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashToken } from "../../infra/tokens.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { type Known, requestsTo } from "../support/api/generate.ts";
import { checkResponse, publishedOperations } from "../support/api/openapi.ts";
import { createPeople } from "../support/api/people.ts";

// REQUESTS=1000 npm test -- test/api sends more requests. SEED=… repeats a run. Each run has another seed, so runs
// add up.
const numRuns = Number(process.env["REQUESTS"] ?? 35);
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

const callers = ["visitor", "user", "admin"] as const;
type Caller = (typeof callers)[number];

let app: TestApp;
const userIds = new Map<Caller, string>();
const known: Known = { emails: [], passwords: ["correct horse battery"], ids: [] };

beforeAll(async () => {
  app = await createTestApp();
  const people = createPeople(app);
  for (const caller of ["user", "admin"] as const) {
    const { email } = await people.verified(`${caller}@example.com`);
    const { id } = await app.core.database.prisma.user.findUniqueOrThrow({ where: { email } });
    known.emails.push(email);
    userIds.set(caller, id);
  }
  const data = { role: "ADMIN" } as const;
  await app.core.database.prisma.user.update({ where: { email: "admin@example.com" }, data });
  const rows = await app.core.database.prisma.session.findMany();
  const userId = userIds.get("user") ?? "";
  const upload = { userId, kind: "IMAGE", filename: "a.png", contentType: "image/png", bytes: 1 } as const;
  const { id: uploadId } = await app.core.database.prisma.upload.create({ data: upload });
  const { project } = app.core.database.prisma;
  const {
    id: projectId,
    sprints,
    tasks,
  } = await project.create({
    data: {
      name: "Apollo",
      members: { create: { userId, role: "OWNER" } },
      sprints: {
        create: { name: "Sprint 1", startsOn: new Date("2026-11-23"), endsOn: new Date("2026-12-06") },
      },
      tasks: {
        create: { title: "Land on the Moon", comments: { create: { authorId: userId, body: "Ready" } } },
      },
    },
    include: { sprints: true, tasks: { include: { comments: true } } },
  });
  const records = [...sprints, ...tasks, ...tasks.flatMap(({ comments }) => comments)].map(({ id }) => id);
  known.ids.push(userId, uploadId, projectId, ...records, ...rows.map(({ id }) => id));
});
afterAll(() => app[Symbol.asyncDispose]());

/** A new session for each request, because some requests end sessions. */
const sessionOf = async (caller: Caller): Promise<Record<string, string>> => {
  const userId = userIds.get(caller);
  if (!userId) return {};
  const token = randomBytes(32).toString("base64url");
  const expiresAt = new Date(Date.now() + 60_000);
  await app.core.database.prisma.session.create({
    data: { userId, tokenHash: hashToken(token), device: "a test", expiresAt },
  });
  return { cookie: `session=${token}` };
};

test.each(publishedOperations())(
  "$title responds as documented to any input",
  { timeout: 600_000 },
  async (operation) => {
    const seen = new Map<number, number>();
    const property = fc.asyncProperty(
      requestsTo(operation, known),
      fc.constantFrom(...callers),
      async (request, caller) => {
        const response = await fetch(`${app.url}${request.path}`, {
          method: operation.method,
          headers: { ...request.headers, ...(await sessionOf(caller)) },
          ...(request.body === undefined ? {} : { body: request.body.toWellFormed() }),
        });
        seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
        expect(response.headers.get("x-request-id")).toBeTruthy();
        expect(response.status).toBeLessThan(500);
        const mustBeRefused =
          (operation.isProtected && caller === "visitor") ||
          (operation.role === "ADMIN" && caller === "user");
        expect(mustBeRefused && response.ok).toBe(false);
        await checkResponse(operation, response);
      },
    );
    await fc.assert(property, { numRuns, seed });
    if (process.env["SHOW"]) console.log(operation.title, Object.fromEntries(seen));
    // Otherwise most requests would only test validation.
    expect(seen.size > 1 || !operation.isProtected).toBe(true);
  },
);
