import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People, type SignedIn, tokenIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";

const SUBJECT = "You are invited to a project";

let app: TestApp;
let people: People;
let ada: SignedIn;
let projectId: string;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
  ada = await people.session("ada@example.com");
});
beforeEach(async () => {
  ({ id: projectId } = await createPlanner(ada).project());
});
afterAll(() => app[Symbol.asyncDispose]());

const prisma = () => app.core.database.prisma;

const invite = (email: string, role = "MEMBER", by = ada) =>
  by.post(`/v1/projects/${projectId}/invitations`).send({ email, role });
const accept = (person: SignedIn, token: string) => person.post("/v1/invitations/accept").send({ token });
const tokenTo = async (email: string) => tokenIn((await app.mailTo(email, SUBJECT)).text);
const rolesOf = async (id = projectId) => {
  const members = await prisma().projectMember.findMany({
    where: { projectId: id },
    include: { user: true },
  });
  return Object.fromEntries(members.map(({ role, user }) => [user.email, role]));
};

test("a person with an account accepts an invitation and becomes a member", async () => {
  const bob = await people.session("bob@example.com");
  const invited = await invite(" Bob@Example.com ", "VIEWER");
  expect(invited.status).toBe(201);
  expect(invited.body).toMatchObject({ email: "bob@example.com", role: "VIEWER" });
  const days = (Date.parse(invited.body.expiresAt) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(6.9);
  expect(days).toBeLessThanOrEqual(7);
  expect((await bob.get(`/v1/projects/${projectId}`)).status).toBe(404);

  const mail = await app.mailTo("bob@example.com", SUBJECT);
  expect(mail.text).toContain("Ada Lovelace invites you to Apollo.");
  const accepted = await accept(bob, tokenIn(mail.text));
  expect([accepted.status, accepted.body]).toEqual([200, { projectId }]);
  expect((await bob.get(`/v1/projects/${projectId}`)).body).toMatchObject({ role: "VIEWER", members: 2 });
  expect((await ada.get(`/v1/projects/${projectId}/invitations`)).body.items).toEqual([]);
  expect((await accept(bob, tokenIn(mail.text))).body.type).toBe("/problems/token-spent");
});

test("a person without an account signs up with the address first; the responses are the same", async () => {
  await people.verified("known@example.com");
  const [known, unknown] = [await invite("known@example.com"), await invite("new@example.com")];
  const shape = ({ status, body }: typeof known) => [status, Object.keys(body).toSorted(), body.role];
  expect(shape(unknown)).toEqual(shape(known));
  const token = await tokenTo("new@example.com");
  const visitor = await app.request.post("/v1/invitations/accept").send({ token });
  expect(visitor.status).toBe(401);
  const person = await people.session("new@example.com");
  expect((await accept(person, token)).status).toBe(200);
  expect(await rolesOf()).toEqual({ "ada@example.com": "OWNER", "new@example.com": "MEMBER" });
});

test("only the invited address accepts", async () => {
  const eve = await people.session("eve@example.com");
  await invite("carol@example.com");
  const refused = await accept(eve, await tokenTo("carol@example.com"));
  expect([refused.status, refused.body.type]).toEqual([403, "/problems/wrong-account"]);
  expect(refused.text).not.toContain("carol");
  expect(await rolesOf()).toEqual({ "ada@example.com": "OWNER" });
  const carol = await people.session("carol@example.com");
  expect((await accept(carol, await tokenTo("carol@example.com"))).status).toBe(200);
});

test("an invitation by someone else, an invented token and one of another purpose add no member", async () => {
  const dan = await people.session("dan@example.com");
  await app.request.post("/v1/password/forgot").send({ email: "dan@example.com" });
  const reset = tokenIn((await app.mailTo("dan@example.com", "Set a new password")).text);
  for (const token of [reset, "x".repeat(43), "no token"])
    expect((await accept(dan, token)).body.type).toBe("/problems/token-spent");
  expect((await invite("dan@example.com", "MEMBER", dan)).status).toBe(404);
});

test("inviting again renews an expired invitation and changes its role", async () => {
  const fay = await people.session("fay@example.com");
  const { body: first } = await invite("fay@example.com", "VIEWER");
  const token = await tokenTo("fay@example.com");
  await prisma().invitation.update({ where: { id: first.id }, data: { expiresAt: new Date(0) } });
  expect((await accept(fay, token)).body.type).toBe("/problems/token-spent");
  const { body: second } = await invite("fay@example.com", "MEMBER");
  expect(second).toMatchObject({ id: first.id, role: "MEMBER" });
  expect((await accept(fay, token)).status).toBe(200);
  expect(await rolesOf()).toMatchObject({ "fay@example.com": "MEMBER" });
});

test("a revoked invitation works no more, and the next one has a link of its own", async () => {
  const gus = await people.session("gus@example.com");
  const { body } = await invite("gus@example.com");
  const token = await tokenTo("gus@example.com");
  const path = `/v1/projects/${projectId}/invitations/${body.id}`;
  expect((await ada.delete(path)).status).toBe(204);
  expect((await ada.delete(path)).status).toBe(404);
  expect((await accept(gus, token)).body.type).toBe("/problems/token-spent");
  await invite("gus@example.com");
  expect((await accept(gus, token)).body.type).toBe("/problems/token-spent");
});

test("a member is not invited, and keeps the role if an earlier invitation is accepted", async () => {
  const hal = await people.session("hal@example.com");
  await invite("hal@example.com", "VIEWER");
  const { id: userId } = await prisma().user.findUniqueOrThrow({ where: { email: "hal@example.com" } });
  await prisma().projectMember.create({ data: { projectId, userId, role: "MEMBER" } });
  expect((await invite("hal@example.com")).body.type).toBe("/problems/already-member");
  expect((await accept(hal, await tokenTo("hal@example.com"))).status).toBe(200);
  expect(await rolesOf()).toMatchObject({ "hal@example.com": "MEMBER" });
});

test("of twenty parallel acceptances, one succeeds and the others find the link spent", async () => {
  const ida = await people.session("ida@example.com");
  await invite("ida@example.com");
  const token = await tokenTo("ida@example.com");
  const responses = await Promise.all(Array.from({ length: 20 }, () => accept(ida, token)));
  const statuses = responses.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 410)]);
  expect(await rolesOf()).toEqual({ "ada@example.com": "OWNER", "ida@example.com": "MEMBER" });
});

test("twenty people accept at the same time", async () => {
  const guests = await Promise.all(
    Array.from({ length: 20 }, (_, n) => people.session(`guest${n}@example.com`)),
  );
  await Promise.all(guests.map((_, n) => invite(`guest${n}@example.com`)));
  const tokens = await Promise.all(guests.map((_, n) => tokenTo(`guest${n}@example.com`)));
  const responses = await Promise.all(guests.map((guest, n) => accept(guest, tokens[n]!)));
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
  expect(Object.keys(await rolesOf())).toHaveLength(21);
});

test("an internationalised address is mailed in ASCII and shown as typed", async () => {
  const { body } = await invite("ada@bücher.example");
  expect(body.email).toBe("ada@bücher.example");
  expect((await app.mailsTo("ada@xn--bcher-kva.example")).length).toBeLessThanOrEqual(1);
  await app.mailTo("ada@xn--bcher-kva.example", SUBJECT);
});

test("a project has at most 200 members and open invitations", async () => {
  const expiresAt = new Date(Date.now() + 60_000);
  const data = Array.from({ length: 199 }, (_, n) => ({
    projectId,
    email: `crowd${n}@example.com`,
    role: "MEMBER" as const,
    tokenHash: Buffer.from(`crowd ${projectId} ${n}`),
    expiresAt,
  }));
  await prisma().invitation.createMany({ data });
  expect((await invite("late@example.com")).body.type).toBe("/problems/project-full");
  expect((await invite("crowd7@example.com")).status).toBe(201);
});

test("neither tokens nor addresses are in the ledger or the log", async () => {
  await invite("secret-friend@example.com");
  const token = await tokenTo("secret-friend@example.com");
  const jobs = await prisma().job.findMany();
  const written = JSON.stringify(jobs, (_key, value) => (typeof value === "bigint" ? `${value}` : value));
  for (const text of [written, app.logged.join("\n")]) {
    expect(text).not.toContain(token);
    expect(text).not.toContain("secret-friend");
  }
});
