import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People } from "../support/api/people.ts";

let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());

const prisma = () => app.core.database.prisma;

test("the session cookie is HTTP-only and bound to this site", async () => {
  const ada = await people.verified("ada@example.com");
  const response = await people.logIn(ada);
  expect(response.status).toBe(200);
  expect(response.body).toEqual({ message: "You are logged in." });
  const [cookie] = response.get("Set-Cookie")?.filter((each) => each.startsWith("session=")) ?? [];
  expect(cookie).toMatch(/^session=[\w-]{43}; Max-Age=7776000; Path=\/; Expires=.+; HttpOnly; SameSite=Lax$/);
  const me = await app.request.get("/v1/me").set("Cookie", cookie?.split(";")[0] ?? "");
  expect(me.body).toMatchObject({ email: ada.email, name: ada.name, role: "USER", zone: "UTC" });
  expect(me.body).not.toHaveProperty("passwordHash");
});

test("a token replaces the cookie for API clients", async () => {
  const grace = await people.verified("grace@example.com");
  const response = await people.logIn(grace, { as: "bearer" });
  expect(response.body.token).toMatch(/^[\w-]{43}$/);
  expect(response.get("Set-Cookie")?.join()).not.toContain("session=");
  const me = await app.request.get("/v1/me").auth(response.body.token, { type: "bearer" });
  expect(me.body.email).toBe(grace.email);
  const stored = await prisma().session.findMany({ where: { user: { email: grace.email } } });
  expect(JSON.stringify(stored)).not.toContain(response.body.token);
});

test("a wrong password and an unknown address get the same response", async () => {
  const eve = await people.verified("eve@example.com");
  const wrong = await people.logIn({ ...eve, password: "not this one" });
  const unknown = await people.logIn({ ...eve, email: "unknown@example.com" });
  expect([wrong.status, wrong.body.type]).toEqual([401, "/problems/wrong-credentials"]);
  expect({ ...unknown.body, requestId: "" }).toEqual({ ...wrong.body, requestId: "" });
});

test("sign-up and login do not reveal whether the address has an account", async () => {
  const tom = people.person("tom@example.com");
  await people.verified("known@example.com");
  const known = { ...tom, email: "known@example.com", password: "a guessed password" };
  const responses = [];
  for (const person of [tom, known]) {
    await app.request.post("/v1/signup").send(person);
    const { status, body } = await people.logIn(person);
    responses.push({ status, body: { ...body, requestId: "" } });
  }
  expect(responses[0]).toMatchObject({ status: 401, body: { type: "/problems/wrong-credentials" } });
  expect(responses[1]).toEqual(responses[0]);
});

test.each([
  ["nothing", {}],
  ["a made-up token", { Authorization: `Bearer ${"x".repeat(43)}` }],
  ["another scheme", { Authorization: "Basic YTpi" }],
  ["a made-up cookie", { Cookie: `session=${"x".repeat(43)}` }],
])("%s is no session", async (_what, headers) => {
  const response = await app.request.get("/v1/me").set(headers);
  expect(response.status).toBe(401);
  expect(response.headers["www-authenticate"]).toBe("Bearer");
  expect(response.body.type).toBe("/problems/unauthenticated");
});

test("a token takes precedence over a cookie, and must be a Bearer token", async () => {
  const [ada, eve] = [await people.session("first@example.com"), await people.session("second@example.com")];
  const as = (authorization: string) => ada.get("/v1/me").set("Authorization", authorization);
  const token = eve.cookie.slice("session=".length);
  expect((await as(`Bearer ${token}`)).body.email).toBe("second@example.com");
  for (const other of [`Basic ${token}`, token, "Bearer made-up", "Bearer "])
    expect((await as(other)).status).toBe(401);
});

test("logging out ends only this session", async () => {
  const person = await people.verified("out@example.com");
  const [here, there] = [await people.as(person), await people.as(person)];
  const response = await here.post("/v1/logout");
  expect([response.status, response.get("Set-Cookie")?.[0]]).toEqual([
    204,
    expect.stringMatching(/^session=;/),
  ]);
  expect((await here.get("/v1/me")).status).toBe(401);
  expect((await there.get("/v1/me")).status).toBe(200);
});

test("logging in again ends the previous session of the browser", async () => {
  const person = await people.verified("twice@example.com");
  const first = people.cookieOf(await people.logIn(person));
  await app.request.post("/v1/login").set("Cookie", first).send(person);
  expect((await app.request.get("/v1/me").set("Cookie", first)).status).toBe(401);
});

test("a session ends after 14 idle days, and 90 days after its login", async () => {
  const session = await people.session("idle@example.com");
  const where = { user: { email: "idle@example.com" } };
  const days = (count: number) => new Date(Date.now() + count * 86_400_000);

  await prisma().session.updateMany({ where, data: { lastUsedAt: days(-1), expiresAt: days(13) } });
  expect((await session.get("/v1/me")).status).toBe(200);
  const touched = await prisma().session.findFirstOrThrow({ where });
  expect(touched.lastUsedAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(touched.expiresAt.getTime()).toBeGreaterThan(days(13.9).getTime());

  await prisma().session.updateMany({ where, data: { createdAt: days(-89), lastUsedAt: days(-1) } });
  await session.get("/v1/me");
  expect((await prisma().session.findFirstOrThrow({ where })).expiresAt.getTime()).toBeLessThan(
    days(1.1).getTime(),
  );

  await prisma().session.updateMany({ where, data: { expiresAt: new Date() } });
  expect((await session.get("/v1/me")).status).toBe(401);
});

test("the last use of a session is written at most once a minute", async () => {
  const session = await people.session("often@example.com");
  const where = { user: { email: "often@example.com" } };
  const before = await prisma().session.findFirstOrThrow({ where });
  await session.get("/v1/me");
  expect(await prisma().session.findFirstOrThrow({ where })).toEqual(before);
});

test("lists sessions newest first, page by page, and ends one or all others", async () => {
  const person = await people.verified("many@example.com");
  const sessions = [];
  for (let count = 0; count < 5; count++) sessions.push(await people.as(person));
  const newest = sessions.at(-1)!;
  const stranger = await people.session("stranger@example.com");

  const exact = await newest.get("/v1/sessions?limit=5");
  expect([exact.body.items.length, exact.body.next]).toEqual([5, null]);
  const first = await newest.get("/v1/sessions?limit=2");
  expect(first.body.items).toMatchObject([{ current: true }, { current: false }]);
  const second = await newest.get(`/v1/sessions?limit=2&cursor=${first.body.next}`);
  const third = await newest.get(`/v1/sessions?limit=2&cursor=${second.body.next}`);
  const all = [first, second, third].flatMap(({ body }) => body.items.map(({ id }: { id: string }) => id));
  expect(all).toHaveLength(5);
  expect(all).toEqual(all.toSorted().toReversed());
  expect(third.body.next).toBeNull();

  expect((await newest.delete(`/v1/sessions/${all[4]}`)).status).toBe(204);
  expect((await sessions[0]!.get("/v1/me")).status).toBe(401);
  expect((await newest.delete(`/v1/sessions/${all[4]}`)).status).toBe(404);

  expect((await newest.delete("/v1/sessions")).status).toBe(204);
  expect((await newest.get("/v1/sessions")).body.items).toMatchObject([{ current: true }]);
  expect((await stranger.get("/v1/me")).status).toBe(200);
});

test("expired sessions are not listed", async () => {
  const person = await people.verified("ended@example.com");
  await people.as(person);
  const where = { user: { email: person.email } };
  await prisma().session.updateMany({ where, data: { expiresAt: new Date() } });
  const session = await people.as(person);
  expect((await session.get("/v1/sessions")).body.items).toMatchObject([{ current: true }]);
});

test("changes name, zone and notifications separately", async () => {
  const session = await people.session("patch@example.com");
  const named = await session.patch("/v1/me").send({ name: "  Countess Ada " });
  expect(named.body).toMatchObject({
    name: "Countess Ada",
    zone: "UTC",
    notifications: { email: true, push: true },
  });
  const moved = await session.patch("/v1/me").send({ zone: "Europe/Warsaw", notifications: { push: false } });
  expect(moved.body).toMatchObject({
    name: "Countess Ada",
    zone: "Europe/Warsaw",
    notifications: { email: true, push: false },
  });
  expect((await session.patch("/v1/me").send({})).body).toEqual(moved.body);
  for (const zone of ["Europe/Atlantis", "+01:00", ""])
    expect((await session.patch("/v1/me").send({ zone })).body.errors).toMatchObject([{ field: "zone" }]);
  expect((await session.patch("/v1/me").send({ role: "ADMIN" })).body.role).toBe("USER");
});

test("only administrators list all accounts", async () => {
  const user = await people.session("user@example.com");
  expect((await user.get("/v1/users")).body.type).toBe("/problems/forbidden");
  const admin = await people.session("admin@example.com");
  await prisma().user.update({ where: { email: "admin@example.com" }, data: { role: "ADMIN" } });
  const response = await admin.get("/v1/users?limit=1");
  expect(response.body.items).toMatchObject([{ email: "admin@example.com", role: "ADMIN" }]);
});

test("a login from a new device sends a mail, except for the first device", async () => {
  const person = await people.verified("devices@example.com");
  const first = await people.logIn(person);
  const device =
    first
      .get("Set-Cookie")
      ?.find((each) => each.startsWith("device="))
      ?.split(";")[0] ?? "";
  await app.request.post("/v1/login").set("Cookie", device).send(person);
  const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
  await app.request.post("/v1/login").set("User-Agent", agent).send(person);

  const mail = await app.mailTo(person.email, "A new sign-in to your account");
  expect(mail.text).toContain("Firefox on Linux");
  const mails = await prisma().job.findMany({
    where: { payload: { path: ["template"], equals: "new-sign-in" } },
  });
  const user = await prisma().user.findUniqueOrThrow({ where: { email: person.email } });
  expect(mails.filter(({ payload }) => JSON.stringify(payload).includes(user.id))).toHaveLength(1);

  const other = await people.verified("other-devices@example.com");
  await people.logIn(other);
  await app.request.post("/v1/login").set("Cookie", device).send(other);
  await app.mailTo(other.email, "A new sign-in to your account");
});

test("the log says who sent a request and why one was refused, by id only", async () => {
  const lin = await people.verified("lin@example.com");
  const { id } = await prisma().user.findUniqueOrThrow({ where: { email: lin.email } });
  const wrong = await people.logIn({ ...lin, password: "not this one" });
  const right = await people.logIn(lin, { as: "bearer" });
  const get = (path: string, token: string) => app.request.get(path).auth(token, { type: "bearer" });
  const refused = await get("/v1/me", "x");
  const denied = await get("/v1/projects/0197a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b", right.body.token);

  const lineOf = async ({ headers }: { headers: Record<string, string> }) => {
    const find = () => app.logged.find((line) => line.includes(headers["x-request-id"] ?? "no id"));
    await expect.poll(find).toBeDefined();
    return JSON.parse(find() ?? "");
  };
  expect(await lineOf(wrong)).toMatchObject({
    userId: id,
    problem: "wrong-credentials",
    res: { statusCode: 401 },
  });
  expect(await lineOf(right)).toMatchObject({ userId: id, res: { statusCode: 200 } });
  expect(await lineOf(refused)).toMatchObject({ problem: "unauthenticated" });
  expect(await lineOf(denied)).toMatchObject({ userId: id, problem: "not-found" });
});

test("a logout removes the user's files from the browser's cache, and no cookie of the device", async () => {
  const session = await people.as(await people.verified("kim@example.com"));
  const { headers } = await session.post("/v1/logout");
  expect(headers["clear-site-data"]).toBe('"cache"');
});
