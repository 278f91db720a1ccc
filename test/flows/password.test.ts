import { hash } from "@node-rs/argon2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People, tokenIn } from "../support/api/people.ts";

let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());

const prisma = () => app.core.database.prisma;
const forgot = (email: string) => app.request.post("/v1/password/forgot").send({ email });
const reset = (token: string, password = "a new password") =>
  app.request.post("/v1/password/reset").send({ token, password });
const resetToken = async (email: string) => tokenIn((await app.mailTo(email, "Set a new password")).text);
const mailsAbout = async (email: string, subject: string) =>
  (await app.mailsTo(email)).filter((mail) => mail.subject === subject);

test("a reset link sets a new password, ends every session and is confirmed by mail", async () => {
  const person = await people.verified("ada@example.com");
  const session = await people.as(person);
  expect((await forgot(person.email)).status).toBe(202);
  const token = await resetToken(person.email);
  expect((await reset(token)).status).toBe(200);

  expect((await session.get("/v1/me")).status).toBe(401);
  expect((await people.logIn(person)).status).toBe(401);
  expect((await people.logIn({ ...person, password: "a new password" })).status).toBe(200);
  await app.mailTo(person.email, "Your password was changed");
  expect((await reset(token, "another password")).body.type).toBe("/problems/token-spent");
});

test("of twenty concurrent resets with one link, one succeeds", async () => {
  const person = await people.verified("many@example.com");
  await forgot(person.email);
  const token = await resetToken(person.email);
  const passwords = Array.from({ length: 20 }, (_, index) => `password number ${index}`);
  const responses = await Promise.all(passwords.map((password) => reset(token, password)));
  expect(responses.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(19).fill(410)]);
  const winner = passwords[responses.findIndex(({ status }) => status === 200)] ?? "";
  expect((await people.logIn({ ...person, password: winner })).status).toBe(200);
});

test("a new request revokes earlier links, also concurrently", async () => {
  const person = await people.verified("void@example.com");
  await forgot(person.email);
  const older = await resetToken(person.email);
  await Promise.all(Array.from({ length: 5 }, () => forgot(person.email)));
  expect(await prisma().passwordReset.count({ where: { user: { email: person.email } } })).toBe(1);
  expect((await reset(older)).status).toBe(410);
});

test("a link expires after 30 minutes", async () => {
  const person = await people.verified("late@example.com");
  await forgot(person.email);
  const token = await resetToken(person.email);
  const where = { user: { email: person.email } };
  const { createdAt, expiresAt } = await prisma().passwordReset.findFirstOrThrow({ where });
  expect(expiresAt.getTime() - createdAt.getTime()).toBe(30 * 60_000);
  await prisma().passwordReset.updateMany({ where, data: { expiresAt: new Date() } });
  expect((await reset(token)).status).toBe(410);
});

test("an unknown address gets the same response and no mail, and its job completes", async () => {
  const person = await people.verified("known@example.com");
  const known = await forgot(person.email);
  const unknown = await forgot("unknown@example.com");
  expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
  const job = await prisma().job.findFirstOrThrow({ orderBy: { id: "desc" } });
  expect(await app.core.reaches(job.id, "COMPLETED")).toMatchObject({
    result: "skipped: the user no longer exists",
  });
  expect(await app.mailsTo("unknown@example.com")).toEqual([]);
});

test("a password reset verifies the address", async () => {
  const welcome = { payload: { path: ["template"], equals: "welcome" } };
  const welcomes = await prisma().job.count({ where: welcome });
  const person = people.person("unverified@example.com");
  await app.request.post("/v1/signup").send(person);
  const verification = tokenIn((await app.mailTo(person.email)).text);
  await forgot(person.email);
  await reset(await resetToken(person.email));
  expect((await people.logIn({ ...person, password: "a new password" })).status).toBe(200);

  // The verification link still works, but sends no second welcome mail.
  expect((await app.request.post("/v1/verify-email").send({ token: verification })).status).toBe(200);
  expect(await prisma().job.count({ where: welcome })).toBe(welcomes);
});

test("a verification link does not reset a password", async () => {
  const person = people.person("purpose@example.com");
  await app.request.post("/v1/signup").send(person);
  const token = tokenIn((await app.mailTo(person.email)).text);
  expect((await reset(token)).status).toBe(410);
});

test("a password change requires the current password and ends every other session", async () => {
  const person = await people.verified("change@example.com");
  const [here, there] = [await people.as(person), await people.as(person)];
  const change = (currentPassword: string) =>
    here.post("/v1/password/change").send({ currentPassword, newPassword: "changed by myself" });

  expect((await change("not this one")).body.type).toBe("/problems/wrong-password");
  expect((await there.get("/v1/me")).status).toBe(200);
  expect((await change(person.password)).status).toBe(200);
  expect((await here.get("/v1/me")).status).toBe(200);
  expect((await there.get("/v1/me")).status).toBe(401);
  expect((await people.logIn({ ...person, password: "changed by myself" })).status).toBe(200);
  await app.mailTo(person.email, "Your password was changed");
});

test.each(["qwertyuiop", "1Q2W3E4R5T", "offstage123"])(
  "%s is too common for a password",
  async (password) => {
    const email = "common@example.com";
    const response = await app.request.post("/v1/signup").send({ email, name: "Ada", password });
    expect([response.status, response.body.errors]).toEqual([
      422,
      [{ field: "password", message: "Use a password that is harder to guess." }],
    ]);
  },
);

test("of concurrent password changes, one succeeds", async () => {
  const person = await people.verified("changes@example.com");
  const session = await people.as(person);
  const passwords = Array.from({ length: 5 }, (_, index) => `password number ${index}`);
  const change = (newPassword: string) =>
    session.post("/v1/password/change").send({ currentPassword: person.password, newPassword });
  const statuses = (await Promise.all(passwords.map(change))).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([200, 403, 403, 403, 403]);
  const winner = passwords[statuses.indexOf(200)] ?? "";
  expect((await people.logIn({ ...person, password: winner })).status).toBe(200);
});

test("a password change revokes reset links", async () => {
  const person = await people.verified("both@example.com");
  const session = await people.as(person);
  await forgot(person.email);
  const token = await resetToken(person.email);
  await session
    .post("/v1/password/change")
    .send({ currentPassword: person.password, newPassword: "changed by myself" });
  expect((await reset(token)).status).toBe(410);
});

test("a login that overlaps a reset does not survive it", async () => {
  const person = await people.verified("race@example.com");
  for (let round = 0; round < 5; round++) {
    await forgot(person.email);
    await expect
      .poll(async () => (await mailsAbout(person.email, "Set a new password")).length)
      .toBe(round + 1);
    const password = `password of round ${round}`;
    const [, ...logins] = await Promise.all([
      reset(await resetToken(person.email), password),
      ...Array.from({ length: 4 }, () => people.logIn(person)),
    ]);
    const cookies = logins
      .filter(({ status }) => status === 200)
      .map((response) => people.cookieOf(response));
    for (const cookie of cookies)
      expect((await app.request.get("/v1/me").set("Cookie", cookie)).status).toBe(401);
    person.password = password;
  }
});

describe("a password typed on another device", () => {
  const composed = "pässwörd für Åsa".normalize("NFC");
  const decomposed = composed.normalize("NFD");
  const verified = async (email: string, password: string) => {
    const person = { ...people.person(email), password };
    await app.request.post("/v1/signup").send(person);
    await app.request
      .post("/v1/verify-email")
      .send({ token: tokenIn((await app.mailTo(email, "Confirm your email address")).text) });
    return person;
  };
  const statuses = async (email: string, passwords: string[]) => {
    const all = [];
    for (const password of passwords)
      all.push((await people.logIn({ ...people.person(email), password })).status);
    return all;
  };

  test.for([
    ["composed@example.com", composed],
    ["decomposed@example.com", decomposed],
  ])("%s logs in with either form, after sign-up, change and reset", async ([email = "", password = ""]) => {
    const person = await verified(email, password);
    expect(await statuses(email, [composed, decomposed, "passwort für Asa"])).toEqual([200, 200, 401]);

    const session = await people.as(person);
    const change = { currentPassword: decomposed, newPassword: `${password} 2` };
    expect((await session.post("/v1/password/change").send(change)).status).toBe(200);
    expect(await statuses(email, [`${composed} 2`, `${decomposed} 2`, composed])).toEqual([200, 200, 401]);

    await forgot(email);
    await reset(await resetToken(email), `${password}\u00a03`);
    expect(await statuses(email, [`${composed} 3`, `${decomposed} 3`])).toEqual([200, 200]);
  });

  test("an older hash of the password as typed is valid, and replaced at a login", async () => {
    const { email } = await people.verified("older@example.com");
    await prisma().user.update({ where: { email }, data: { passwordHash: await hash(decomposed) } });
    expect(await statuses(email, [composed])).toEqual([401]);
    const logins = Array.from({ length: 4 }, () => statuses(email, [decomposed]));
    expect((await Promise.all(logins)).flat()).toEqual([200, 200, 200, 200]);
    expect(await statuses(email, [composed, decomposed])).toEqual([200, 200]);
  });

  test("its length is counted in characters of the composed form", async () => {
    const signUp = async (password: string) =>
      (await app.request.post("/v1/signup").send({ ...people.person("length@example.com"), password }))
        .status;
    expect(await signUp("ä".repeat(9).normalize("NFD"))).toBe(422);
    expect(await signUp("ä".repeat(10).normalize("NFD"))).toBe(202);
    expect(await signUp("👩".repeat(9))).toBe(422);
    expect(await signUp("👩".repeat(200))).toBe(202);
    expect(await signUp("ä".repeat(201).normalize("NFD"))).toBe(422);
    const longest = "ệ".repeat(200).normalize("NFD");
    await verified("longest@example.com", longest);
    expect(await statuses("longest@example.com", [longest, longest.normalize("NFC")])).toEqual([200, 200]);
  });

  test("a repeated request with its other form is the same request", async () => {
    const send = (password: string) =>
      app.request
        .post("/v1/signup")
        .set("Idempotency-Key", "other-form")
        .send({ ...people.person("repeated@example.com"), password });
    expect((await send(composed)).status).toBe(202);
    expect((await send(decomposed)).status).toBe(202);
    expect((await send(`${composed}!`)).body.type).toBe("/problems/idempotency-key-reused");
  });
});
