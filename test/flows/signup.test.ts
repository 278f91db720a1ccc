import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { codeIn } from "../support/api/people.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app[Symbol.asyncDispose]());

const person = (email: string) => ({ email, name: "Ada Lovelace", password: "correct horse battery" });
const signUp = (body: object) => app.request.post("/v1/signup").send(body);
const verify = (token: string) => app.request.post("/v1/verify-email").send({ token });
const tokenIn = (text: string) => /verify-email#([\w-]+)/.exec(text)?.[1] ?? "no token";
const user = (email: string) => app.core.database.prisma.user.findUnique({ where: { email } });
const pending = (email: string) =>
  app.core.database.prisma.emailVerification.count({ where: { user: { email }, usedAt: null } });

test("sign-up sends a mail whose link verifies the address once", async () => {
  const response = await signUp(person("ada@example.com"));
  expect(response.status).toBe(202);
  const mail = await app.mailTo("ada@example.com");
  expect(mail.text).toContain("Ada Lovelace");
  const token = tokenIn(mail.text);
  expect(tokenIn(mail.html)).toBe(token);

  expect((await verify(token)).status).toBe(200);
  expect((await user("ada@example.com"))?.verifiedAt).toBeInstanceOf(Date);
  const again = await verify(token);
  expect(again.status).toBe(410);
  expect(again.body).toMatchObject({ type: "/problems/token-spent", status: 410 });
});

test("the mail's job records the request, also when many sign up at once", async () => {
  const people = Array.from({ length: 8 }, (_, n) => `many-${n}@example.com`);
  await Promise.all(
    people.map((address) => signUp(person(address)).set("X-Request-Id", `sign-up-${address.slice(0, 6)}`)),
  );
  const rows = await app.core.sql<{ email: string; requestId: string | null; causeId: string | null }>(
    `SELECT u.email, j."requestId", j."causeId" FROM "Job" j JOIN "User" u ON u.id::text = j.payload ->> 'userId'
     WHERE u.email LIKE 'many-%' ORDER BY u.email`,
    [],
  );
  expect(rows).toEqual(
    people.map((address) => ({
      ...{ email: address, requestId: `sign-up-${address.slice(0, 6)}`, causeId: null },
    })),
  );
});

test("a verified address gets the same response and a different mail", async () => {
  const first = await signUp(person("grace@example.com"));
  await verify(tokenIn((await app.mailTo("grace@example.com")).text));
  const before = await user("grace@example.com");
  const second = await signUp({
    ...person(" Grace@Example.com "),
    name: "Another Grace",
    password: "another horse battery",
  });
  expect([second.status, second.body]).toEqual([first.status, first.body]);
  const mail = await app.mailTo("grace@example.com", "You already have an account");
  expect(tokenIn(mail.text)).toBe("no token");
  expect(await user("grace@example.com")).toEqual(before);
  expect(await pending("grace@example.com")).toBe(0);
});

describe("an internationalised domain", () => {
  const unicode = "user@пример.рф";
  const ascii = "user@xn--e1afmkfd.xn--p1ai";

  test("is stored and mailed in ASCII, shown as typed, and is one account in every form", async () => {
    expect((await signUp(person(unicode))).status).toBe(202);
    const mail = await app.mailTo(ascii);
    expect(mail.to).toBe(ascii);
    expect(await app.headersOf(mail)).toMatch(new RegExp(`^To: ${ascii}$`, "m"));
    const code = codeIn(mail.text);
    const dots = "USER@ПРИМЕР。рф";
    const verified = await app.request.post("/v1/verify-email/code").send({ email: dots, code });
    expect(verified.status).toBe(200);
    expect(await user(ascii)).toMatchObject({ email: ascii, shownEmail: unicode });

    for (const email of [unicode, ascii, dots]) {
      const login = await app.request.post("/v1/login").send({ ...person(email), as: "bearer" });
      expect(login.status).toBe(200);
      const me = await app.request.get("/v1/me").auth(login.body.token, { type: "bearer" });
      expect(me.body.email).toBe(unicode);
      await app.request.post("/v1/password/forgot").send({ email });
    }
    await expect
      .poll(async () => (await app.mailsTo(ascii)).some(({ subject }) => subject === "Set a new password"))
      .toBe(true);
    await signUp(person(dots));
    await app.mailTo(ascii, "You already have an account");
    expect(await app.core.database.prisma.user.count({ where: { email: { contains: "xn--" } } })).toBe(1);
  });

  test("is shown in ASCII when it was typed so, and the sign-up that is verified decides", async () => {
    const address = "user@xn--bcher-kva.example";
    await signUp({ ...person("user@bücher.example"), name: "First" });
    await signUp({ ...person(address), name: "Second" });
    const mail = await until("the second mail", async () =>
      (await app.mailsTo(address)).find(({ text }) => text.includes("Second")),
    );
    await verify(tokenIn(mail.text));
    expect(await user(address)).toMatchObject({ email: address, shownEmail: null });
  });

  test("a local part that is not ASCII is refused with a reason of its own", async () => {
    const response = await signUp(person("jörg@example.com"));
    expect([response.status, response.type]).toEqual([422, "application/problem+json"]);
    expect(response.body.errors).toEqual([
      {
        field: "email",
        message: "Letters such as ö before the @ are not supported. Use an address without them.",
      },
    ]);
  });
});

test("of twenty concurrent verifications, one succeeds", async () => {
  await signUp(person("many@example.com"));
  const token = tokenIn((await app.mailTo("many@example.com")).text);
  const responses = await Promise.all(Array.from({ length: 20 }, () => verify(token)));
  expect(responses.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(19).fill(410)]);
});

test("concurrent sign-ups with one address create one account and get the same response", async () => {
  const responses = await Promise.all(Array.from({ length: 6 }, () => signUp(person("twin@example.com"))));
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([202]));
  expect(await app.core.database.prisma.user.count({ where: { email: "twin@example.com" } })).toBe(1);
});

test("an expired link is rejected", async () => {
  await signUp(person("late@example.com"));
  const token = tokenIn((await app.mailTo("late@example.com")).text);
  await app.core.database.prisma.emailVerification.updateMany({ data: { expiresAt: new Date() } });
  expect((await verify(token)).status).toBe(410);
});

test("the verification mail is skipped when it is obsolete", async () => {
  const { prisma } = app.core.database;
  await app.core.broker.queue("email").pause();
  await signUp(person("gone@example.com"));
  await prisma.user.delete({ where: { email: "gone@example.com" } });
  const job = await prisma.job.findFirst({ orderBy: { id: "desc" } });
  await app.core.broker.queue("email").resume();
  expect(await app.core.reaches(job?.id ?? "", "COMPLETED")).toMatchObject({
    result: "skipped: the user no longer exists",
  });
  expect(await app.mailsTo("gone@example.com")).toEqual([]);
});

test("every invalid field is reported", async () => {
  const response = await signUp({ email: "nonsense", password: "short" });
  expect(response.status).toBe(422);
  expect(response.type).toBe("application/problem+json");
  expect(response.body).toMatchObject({
    type: "/problems/invalid-request",
    status: 422,
    errors: [{ field: "email" }, { field: "name" }, { field: "password" }],
  });
});

test.each([
  [422, 9],
  [202, 10],
  [202, 200],
  [422, 201],
])("%i for a password of %i characters", async (status, length) => {
  const response = await signUp({
    ...person(`${length}@example.com`),
    password: "k9vX2-qLm7wR".repeat(length).slice(0, length),
  });
  expect(response.status).toBe(status);
});

test.each([
  ["malformed JSON", "{", "application/json", 400, "/problems/malformed-json"],
  ["no body", "", "application/json", 422, "/problems/invalid-request"],
  ["an array", "[]", "application/json", 422, "/problems/invalid-request"],
  ["a form", "a=1", "application/x-www-form-urlencoded", 415, "/problems/unsupported-media-type"],
  ["a body too large", `"${"x".repeat(70_000)}"`, "application/json", 413, "/problems/body-too-large"],
])("%s is a clear error", async (_name, body, type, status, problem) => {
  const response = await app.request.post("/v1/signup").set("content-type", type).send(body);
  expect(response.status).toBe(status);
  expect(response.body).toMatchObject({ type: problem, status });
});

test("an unknown path is a 404 in the same form", async () => {
  const response = await app.request.get("/v1/nothing");
  expect(response.status).toBe(404);
  expect(response.body).toMatchObject({ type: "/problems/not-found", status: 404 });
});

test("ledger and broker contain no address, name, password or token", async () => {
  const secrets = { email: "canary-4711@example.com", name: "Canary Name", password: "canary password 4711" };
  await signUp(secrets);
  const token = tokenIn((await app.mailTo(secrets.email)).text);
  const rows = JSON.stringify(await app.core.sql(`SELECT * FROM "Job"`, []));
  const brokerJobs = JSON.stringify(await app.core.broker.queue("email").getJobs());
  for (const secret of [...Object.values(secrets), token]) {
    expect(rows).not.toContain(secret);
    expect(brokerJobs).not.toContain(secret);
  }
});
