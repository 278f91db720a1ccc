import { afterAll, beforeAll, expect, test } from "vitest";
import { email as emailJob } from "../../workers/email/job.ts";
import { createTestApp, PUBLIC_URL, type TestApp } from "../support/api/app.ts";
import { createPeople, type People } from "../support/api/people.ts";
import { insertJob } from "../support/core/insert-job.ts";

const SIGN_IN = "A new sign-in to your account";

let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());

/** The path in the List-Unsubscribe header of this user's newest sign-in mail. */
const unsubscribeLink = async (email: string) => {
  const headers = await app.headersOf(await app.mailTo(email, SIGN_IN));
  expect(headers).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
  return /^List-Unsubscribe: <(.*)>$/m.exec(headers)?.[1]?.replace(PUBLIC_URL, "") ?? "no link";
};

/** As mail providers do it (RFC 8058): a form, without cookie or Origin. */
const oneClick = (link: string) => app.request.post(link).type("form").send("List-Unsubscribe=One-Click");

const signInMails = (email: string) =>
  app.core.sql<{ state: string; result: string }>(
    `SELECT state, result FROM "Job" WHERE payload->>'template' = 'new-sign-in'
       AND payload->>'userId' = (SELECT id::text FROM "User" WHERE email = $1) ORDER BY id`,
    [email],
  );

const sessionsOf = (email: string) =>
  app.core.sql<{ userId: string; recordId: string }>(
    `SELECT u.id AS "userId", s.id AS "recordId" FROM "User" u JOIN "Session" s ON s."userId" = u.id WHERE email = $1`,
    [email],
  );

const setUp = async (email: string) => {
  const person = await people.verified(email);
  const session = await people.as(person);
  await people.logIn(person);
  return { person, session, link: await unsubscribeLink(email) };
};
const acceptsMail = async (session: { get(path: string): PromiseLike<{ body: unknown }> }) =>
  ((await session.get("/v1/me")).body as { notifications: { email: boolean } }).notifications.email;

test("one click in the mail client stops optional mails, and changes nothing else", async () => {
  const { person, session, link } = await setUp("ada@example.com");
  expect((await oneClick(link)).status).toBe(200);
  expect((await oneClick(link)).status).toBe(200);
  expect(await acceptsMail(session)).toBe(false);

  const { userId, recordId } = (await sessionsOf(person.email))[0]!;
  await insertJob(app.core.sql, emailJob, { template: "new-sign-in", userId, recordId });
  await expect
    .poll(() => signInMails(person.email))
    .toEqual([
      { state: "COMPLETED", result: "sent" },
      { state: "COMPLETED", result: "skipped: unsubscribed" },
    ]);
  await people.logIn(person);
  expect(await signInMails(person.email)).toHaveLength(2);
  await app.request.post("/v1/password/forgot").send({ email: person.email });
  await app.mailTo(person.email, "Set a new password");
});

test("a webmail page may send the click, and the cookie of its reader does not count", async () => {
  const owner = await setUp("webmail@example.com");
  const reader = await people.session("reader@example.com");
  const response = await oneClick(owner.link)
    .set({ Origin: "https://mail.example", "Sec-Fetch-Site": "cross-site" })
    .set("Cookie", reader.cookie);
  expect(response.status).toBe(200);
  expect(await acceptsMail(owner.session)).toBe(false);
  expect(await acceptsMail(reader)).toBe(true);
});

test("a user can subscribe again", async () => {
  const { session, link } = await setUp("grace@example.com");
  await oneClick(link);
  await session.patch("/v1/me").send({ notifications: { email: true } });
  expect(await acceptsMail(session)).toBe(true);
});

test("opening the link shows a page and changes nothing", async () => {
  const { session, link } = await setUp("scanned@example.com");
  const page = await app.request.get(link);
  expect(page.status).toBe(200);
  expect(page.text).toContain("Unsubscribe?");
  expect(await acceptsMail(session)).toBe(true);
});

test("a forged link has no effect", async () => {
  const { session, link } = await setUp("eve@example.com");
  const other = await setUp("other@example.com");
  const [path, token = ""] = link.split("token=");
  const [, signature] = token.split(".");
  const [otherId] = other.link.split("token=")[1]?.split(".") ?? [];
  for (const forged of [`${otherId}.${signature}`, otherId, "x", "%00"])
    expect((await oneClick(`${path}token=${forged}`)).status).toBe(404);
  expect((await oneClick("/unsubscribe")).status).toBe(422);
  expect(await acceptsMail(session)).toBe(true);
  expect(await acceptsMail(other.session)).toBe(true);
});

test("the link still responds after its account is deleted", async () => {
  const { person, link } = await setUp("gone@example.com");
  await app.core.database.prisma.user.delete({ where: { email: person.email } });
  expect((await oneClick(link)).status).toBe(200);
});
