import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { codeIn, tokenIn } from "../support/api/people.ts";

// Two sign-ups with one address before it is verified: each has its own mail and password.

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app[Symbol.asyncDispose]());

const person = (email: string) => ({ email, name: "Ada Lovelace", password: "correct horse battery" });
const signUp = (body: object) => app.request.post("/v1/signup").send(body);
const verify = (token: string) => app.request.post("/v1/verify-email").send({ token });
const user = (email: string) => app.core.database.prisma.user.findUnique({ where: { email } });
const pending = (email: string) =>
  app.core.database.prisma.emailVerification.count({ where: { user: { email }, usedAt: null } });

const sent = async (address: string, name: string) =>
  until(`the mail to ${name}`, async () =>
    (await app.mailsTo(address)).find(({ text }) => text.includes(`Hello ${name},`)),
  );
/** Both sign-ups, their responses and their mails. */
const twice = async (address: string) => {
  const [first, second] = [
    { ...person(address), name: "First", password: "the first password" },
    { ...person(address), name: "Second", password: "the second password" },
  ];
  const [{ status, body }, other] = [await signUp(first), await signUp(second)];
  expect([other.status, other.body]).toEqual([status, body]);
  return { mails: [await sent(address, "First"), await sent(address, "Second")], first, second };
};
const statuses = (address: string) =>
  Promise.all(
    ["the first password", "the second password"].map(
      async (password) => (await app.request.post("/v1/login").send({ email: address, password })).status,
    ),
  );

test("get the same response and the same kind of mail, which says whose password applies", async () => {
  const { mails } = await twice("same@example.com");
  for (const { subject, text, html } of mails) {
    expect(subject).toBe("Confirm your email address");
    expect(text.replaceAll(/\s+/g, " ")).toContain("The password that you chose in this sign-up will apply");
    expect(html.replaceAll(/\s+/g, " ")).toContain("The password that you chose in this sign-up will apply");
  }
  expect(await statuses("same@example.com")).toEqual([401, 401]);
});

test.for<[which: string, index: number, expected: number[]]>([
  ["first", 0, [200, 401]],
  ["second", 1, [401, 200]],
])("the link of the %s one sets its password, and the other link stops working", async (row) => {
  const [which, index, expected] = row;
  const address = `${which}-link@example.com`;
  const { mails } = await twice(address);
  expect((await verify(tokenIn(mails[index]?.text ?? ""))).status).toBe(200);
  expect(await statuses(address)).toEqual(expected);
  expect((await verify(tokenIn(mails[1 - index]?.text ?? ""))).status).toBe(410);
  expect(await statuses(address)).toEqual(expected);
  expect((await user(address))?.name.toLowerCase()).toBe(which);
});

test.for<[which: string, index: number, expected: number[]]>([
  ["first", 0, [200, 401]],
  ["second", 1, [401, 200]],
])("the code of the %s one sets its password, and the other code stops working", async (row) => {
  const [which, index, expected] = row;
  const address = `${which}-code@example.com`;
  const { mails } = await twice(address);
  const byCode = async (of: number) => {
    const code = codeIn(mails[of]?.text ?? "");
    return (await app.request.post("/v1/verify-email/code").send({ email: address, code })).status;
  };
  expect(await byCode(index)).toBe(200);
  expect(await byCode(1 - index)).toBe(422);
  expect(await statuses(address)).toEqual(expected);
});

test("of both links at once, one succeeds, and its password applies", async () => {
  const { mails } = await twice("race@example.com");
  const responses = await Promise.all(mails.map(({ text }) => verify(tokenIn(text))));
  const won = responses.map(({ status }) => status === 200);
  expect(won.toSorted()).toEqual([false, true]);
  expect(await statuses("race@example.com")).toEqual(won.map((each) => (each ? 200 : 401)));
});

test("a reset in between sets the password, and no link changes it", async () => {
  const { mails } = await twice("reset@example.com");
  await app.request.post("/v1/password/forgot").send({ email: "reset@example.com" });
  const { text } = await app.mailTo("reset@example.com", "Set a new password");
  const password = "a third password";
  const token = /reset-password#([\w-]+)/.exec(text)?.[1];
  expect((await app.request.post("/v1/password/reset").send({ token, password })).status).toBe(200);
  for (const mail of mails) await verify(tokenIn(mail.text));
  expect(await statuses("reset@example.com")).toEqual([401, 401]);
  const login = await app.request.post("/v1/login").send({ email: "reset@example.com", password });
  expect(login.status).toBe(200);
});

test("a verification of before these columns keeps the password of the first one", async () => {
  const { mails } = await twice("older@example.com");
  await app.core.sql(
    `UPDATE "EmailVerification" v SET name = NULL, "passwordHash" = NULL
         FROM "User" u WHERE u.id = v."userId" AND u.email = $1 AND v.name = 'First'`,
    ["older@example.com"],
  );
  expect((await verify(tokenIn(mails[0]?.text ?? ""))).status).toBe(200);
  expect(await statuses("older@example.com")).toEqual([200, 401]);
});

test("no password hash stays in a verification that can no longer be used", async () => {
  const { mails } = await twice("tidy@example.com");
  const { prisma } = app.core.database;
  const where = { user: { email: "tidy@example.com" } };
  await prisma.emailVerification.updateMany({
    where: { ...where, name: "First" },
    data: { expiresAt: new Date(0) },
  });
  await signUp({ ...person("tidy@example.com"), name: "Third" });
  const left = () => prisma.emailVerification.findMany({ where, orderBy: { createdAt: "asc" } });
  expect((await left()).map(({ name }) => name)).toEqual(["Second", "Third"]);
  await verify(tokenIn(mails[1]?.text ?? ""));
  expect(await left()).toMatchObject([{ name: "Second", passwordHash: null }]);
});

test("sign-ups and verifications at the same time leave one verified account", async () => {
  const address = "storm@example.com";
  await signUp({ ...person(address), name: "First" });
  const token = tokenIn((await sent(address, "First")).text);
  const requests = [signUp(person(address)), verify(token), signUp(person(address)), signUp(person(address))];
  const responses = await Promise.all(requests);
  expect(responses.map(({ status }) => status)).toEqual([202, 200, 202, 202]);
  expect((await user(address))?.verifiedAt).toBeInstanceOf(Date);
  expect(await pending(address)).toBe(0);
});
