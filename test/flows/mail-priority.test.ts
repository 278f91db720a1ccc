import { afterAll, beforeAll, expect, test } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { email } from "../../workers/email/job.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People, type Person } from "../support/api/people.ts";
import { until } from "../../scripts/processes/until.ts";

/** At 14 mails per second, this backlog takes six minutes. */
const BULK = 5_000;

let app: TestApp;
let people: People;
let ada: Person;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
  ada = await people.verified("ada@example.com");
  await enqueueBulk();
});
afterAll(() => app[Symbol.asyncDispose]());

const enqueueBulk = async () => {
  const { id } = await app.core.database.prisma.user.findUniqueOrThrow({ where: { email: ada.email } });
  const mail = { template: "welcome" as const, userId: id };
  // In batches, so that on a busy machine no insert waits too long for a connection.
  for (let done = 0; done < BULK; done += 100)
    await Promise.all(Array.from({ length: 100 }, () => insertJob(app.core.sql, email, mail)));
  await until("all bulk mails are in the broker", async () => (await bulk("PENDING")) === 0, 60_000);
  await until("some bulk mails are sent", async () => (await bulk("COMPLETED")) > 20);
};

const bulk = async (state: string) => {
  const [row] = await app.core.sql<{ count: number }>(
    `SELECT count(*)::int FROM "Job" WHERE payload->>'template' = 'welcome' AND state = $1::"JobState"`,
    [state],
  );
  return row!.count;
};

// The rate limit is 14 mails per second, and bulk mails use all of it: an urgent mail waits at most for the next
// second.
test.for<[path: string, address: string, subject: string]>([
  ["/v1/password/forgot", "ada@example.com", "Set a new password"],
  ["/v1/signup", "new@example.com", "Confirm your email address"],
  ["/v1/verify-email/resend", "new@example.com", "Confirm your email address"],
  ["/v1/signup", "ada@example.com", "You already have an account"],
])("%s: its mail overtakes 5,000 waiting mails within 2 s", async ([path, address, subject]) => {
  const requested = Date.now();
  expect((await app.request.post(path).send(people.person(address))).status).toBe(202);
  const accepted = Date.now();
  const isExpected = (mail: { subject: string; receivedAt: string }) =>
    mail.subject === subject && Date.parse(mail.receivedAt) >= requested;
  const mail = await until(`a mail to ${address}`, async () => (await app.mailsTo(address)).find(isExpected));
  expect(Date.parse(mail.receivedAt) - accepted).toBeLessThan(2_000);
  expect(await bulk("PUBLISHED")).toBeGreaterThan(BULK - 500);
});
