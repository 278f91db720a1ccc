import { afterAll, beforeAll, expect, test } from "vitest";
import { deriveToken } from "../../infra/tokens.ts";
import { createTestApp, SECRET, type TestApp } from "../support/api/app.ts";
import { codeIn, createPeople, type People, type Person, tokenIn } from "../support/api/people.ts";

const SUBJECT = "Confirm your email address";

let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());

const prisma = () => app.core.database.prisma;
const byLink = (token: string) => app.request.post("/v1/verify-email").send({ token });
const byCode = (email: string, code: string) =>
  app.request.post("/v1/verify-email/code").send({ email, code });
const resend = (email: string) => app.request.post("/v1/verify-email/resend").send({ email });
const isVerified = async (email: string) =>
  (await prisma().user.findUniqueOrThrow({ where: { email } })).verifiedAt !== null;

const signUp = async (email: string): Promise<Person & { token: string; code: string }> => {
  const person = people.person(email);
  await app.request.post("/v1/signup").send(person);
  const { text } = await app.mailTo(email, SUBJECT);
  return { ...person, token: tokenIn(text), code: codeIn(text) };
};
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

test("verification sends the welcome mail once", async () => {
  const { email, token } = await signUp("link@example.com");
  expect((await byLink(token)).status).toBe(200);
  expect((await app.mailTo(email, "Welcome to Offstage")).text).toContain("http://app.test/login");
  expect((await byLink(token)).status).toBe(410);
});

test("the six-digit code verifies too", async () => {
  const { email, code, token } = await signUp("code@example.com");
  expect((await byCode(email, wrong(code))).body.type).toBe("/problems/wrong-code");
  expect((await byCode(email.toUpperCase(), code)).status).toBe(200);
  expect(await isVerified(email)).toBe(true);
  expect((await byCode(email, code)).status).toBe(422);
  expect((await byLink(token)).status).toBe(410);
});

test("of twenty concurrent right codes, one succeeds", async () => {
  const { email, code } = await signUp("parallel@example.com");
  const responses = await Promise.all(Array.from({ length: 20 }, () => byCode(email, code)));
  expect(responses.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(19).fill(422)]);
});

test("a code allows five attempts, also concurrent; then only the link works", async () => {
  const { email, code, token } = await signUp("tries@example.com");
  await Promise.all(Array.from({ length: 20 }, () => byCode(email, wrong(code))));
  const { codeTries } = await prisma().emailVerification.findFirstOrThrow({ where: { user: { email } } });
  expect(codeTries).toBe(5);
  expect((await byCode(email, code)).status).toBe(422);
  expect((await byLink(token)).status).toBe(200);
});

test("a link is valid for 24 hours, a code for 15 minutes", async () => {
  const { email, code } = await signUp("late@example.com");
  const where = { user: { email } };
  const { createdAt, expiresAt } = await prisma().emailVerification.findFirstOrThrow({ where });
  expect(expiresAt.getTime() - createdAt.getTime()).toBe(24 * 3_600_000);
  const data = { createdAt: new Date(Date.now() - 15 * 60_000) };
  await prisma().emailVerification.updateMany({ where, data });
  expect((await byCode(email, code)).status).toBe(422);
});

test("an unknown address gets the same error as a wrong code", async () => {
  const { email, code } = await signUp("known@example.com");
  const known = await byCode(email, wrong(code));
  const unknown = await byCode("unknown@example.com", code);
  expect({ ...unknown.body, requestId: "" }).toEqual({ ...known.body, requestId: "" });
});

test("a new mail revokes earlier ones, also concurrently", async () => {
  const { email, token, code } = await signUp("again@example.com");
  await Promise.all(Array.from({ length: 5 }, () => resend(email)));
  expect(await prisma().emailVerification.count({ where: { user: { email } } })).toBe(1);
  expect((await byLink(token)).status).toBe(410);
  const newest = await prisma().emailVerification.findFirstOrThrow({ where: { user: { email } } });
  expect((await byCode(email, code)).status).toBe(422);
  const newestToken = deriveToken(SECRET, "verify-email", newest.id);
  const texts = async () => (await app.mailsTo(email)).map(({ text }) => tokenIn(text));
  await expect.poll(texts).toContain(newestToken);
  expect((await byLink(newestToken)).status).toBe(200);
});

test("a code allows five attempts for each of several sign-ups, and a guess counts for all", async () => {
  const { email, code } = await signUp("several@example.com");
  await byCode(email, wrong(code));
  await app.request.post("/v1/signup").send(people.person(email));
  for (let tries = 0; tries < 8; tries++) await byCode(email, wrong(code));
  const rows = await prisma().emailVerification.findMany({ where: { user: { email } } });
  expect(rows.map(({ codeTries }) => codeTries)).toEqual([5, 5]);
  expect((await byCode(email, code)).status).toBe(422);
});

test("a new mail is for the newest sign-up, and the others stay valid", async () => {
  const { email, token, password } = await signUp("newest@example.com");
  const second = { ...people.person(email), name: "Second", password: "the second password" };
  await app.request.post("/v1/signup").send(second);
  const texts = async () => (await app.mailsTo(email)).map(({ text }) => text);
  await expect.poll(texts).toHaveLength(2);
  const revoked = tokenIn((await texts())[0] ?? "");
  await resend(email);
  await expect.poll(texts).toHaveLength(3);
  const [text = ""] = await texts();
  expect(text).toContain("Hello Second,");
  expect((await byLink(revoked)).status).toBe(410);
  expect(await prisma().emailVerification.count({ where: { user: { email } } })).toBe(2);
  expect((await byLink(tokenIn(text))).status).toBe(200);
  expect((await people.logIn(second)).status).toBe(200);
  expect((await people.logIn({ ...second, password })).status).toBe(401);
  expect((await byLink(token)).status).toBe(410);
});

test("resending gets the same response for unverified, verified and unknown addresses", async () => {
  await signUp("waiting@example.com");
  await people.verified("done@example.com");
  const responses = [];
  for (const email of ["waiting@example.com", "done@example.com", "unknown@example.com"])
    responses.push(await resend(email));
  expect(new Set(responses.map(({ status, body }) => JSON.stringify([status, body])))).toHaveProperty(
    "size",
    1,
  );
  expect(
    await prisma().emailVerification.count({ where: { user: { email: "done@example.com" }, usedAt: null } }),
  ).toBe(0);
});
