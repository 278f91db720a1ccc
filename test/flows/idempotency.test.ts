import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashToken } from "../../infra/tokens.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { codeIn, createPeople, type People } from "../support/api/people.ts";
import { until } from "../../scripts/processes/until.ts";

let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());

describe("an Idempotency-Key", () => {
  const forgot = (key: string, email: string) =>
    app.request.post("/v1/password/forgot").set("Idempotency-Key", key).send({ email });
  const jobs = () => app.core.database.prisma.job.count();
  /** The number of statements that wait for another transaction. */
  const waiting = async () => {
    const [row] = await app.core.sql<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      [],
    );
    return row!.count;
  };

  test("does the work of a repeated request once", async () => {
    const before = await jobs();
    const responses = [];
    for (let times = 0; times < 3; times++) responses.push(await forgot("key-1", "a@example.com"));
    expect(new Set(responses.map(({ status, text }) => `${status} ${text}`))).toHaveProperty("size", 1);
    expect(responses[0]?.status).toBe(202);
    expect(await jobs()).toBe(before + 1);
  });

  test("does the work of twenty concurrent requests once", async () => {
    const before = await jobs();
    const responses = await Promise.all(Array.from({ length: 20 }, () => forgot("key-2", "a@example.com")));
    expect(new Set(responses.map(({ status, text }) => `${status} ${text}`))).toHaveProperty("size", 1);
    expect(await jobs()).toBe(before + 1);
  });

  test("gives a concurrent duplicate the same response, even if its own attempt fails", async () => {
    const person = people.person("duplicates@example.com");
    await app.request.post("/v1/signup").send(person);
    const code = codeIn((await app.mailTo(person.email)).text);
    const redeem = () =>
      app.request
        .post("/v1/verify-email/code")
        .set("Idempotency-Key", "key-7")
        .send({ email: person.email, code });
    const { prisma } = app.core.database;
    let responded = 0;
    const { duplicates } = await prisma.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM "User" WHERE email = ${person.email} FOR UPDATE`;
      // A code allows five attempts.
      const duplicates = Array.from({ length: 6 }, () =>
        redeem().then((response) => (responded++, response)),
      );
      await until(
        "each request has ended or waits",
        async () => responded + (await waiting()) === duplicates.length,
      );
      return { duplicates };
    });
    expect((await Promise.all(duplicates)).map(({ status }) => status)).toEqual(Array(6).fill(200));
  });

  test("rejects another body, and ignores the order of fields", async () => {
    await forgot("key-3", "a@example.com");
    expect((await forgot("key-3", "b@example.com")).body.type).toBe("/problems/idempotency-key-reused");
    expect((await forgot("key-3", " A@example.com ")).status).toBe(202);
  });

  test("belongs to one route and one user", async () => {
    const [ada, eve] = [
      await people.session("key-ada@example.com"),
      await people.session("key-eve@example.com"),
    ];
    const change = (session: typeof ada, currentPassword: string) =>
      session
        .post("/v1/password/change")
        .set("Idempotency-Key", "key-4")
        .send({ currentPassword, newPassword: "a new password" });
    await forgot("key-4", "a@example.com");
    expect((await change(ada, "correct horse battery")).status).toBe(200);
    expect((await change(ada, "correct horse battery")).status).toBe(200);
    expect((await change(eve, "not this one")).status).toBe(403);
  });

  test("belongs to one route, also without a session", async () => {
    await forgot("key-8", "a@example.com");
    const before = await jobs();
    const resend = app.request.post("/v1/verify-email/resend").set("Idempotency-Key", "key-8");
    expect((await resend.send({ email: "a@example.com" })).body.message).toContain("to be verified");
    expect(await jobs()).toBe(before + 1);
  });

  test("stores a hash of the body that depends on the app secret", async () => {
    const { prisma } = app.core.database;
    await prisma.idempotencyKey.deleteMany();
    await forgot("key-9", "a@example.com");
    const { fingerprint } = await prisma.idempotencyKey.findFirstOrThrow();
    expect(fingerprint).toHaveLength(32);
    const guess = hashToken(JSON.stringify({ email: "a@example.com" }));
    expect(Buffer.compare(fingerprint, guess)).not.toBe(0);
  });

  test("does not store an error", async () => {
    const redeem = (code: string) =>
      app.request
        .post("/v1/verify-email/code")
        .set("Idempotency-Key", "key-5")
        .send({ email: "a@example.com", code });
    expect((await redeem("123456")).status).toBe(422);
    expect((await redeem("123457")).body.type).toBe("/problems/wrong-code");
  });

  test("expires after 24 hours", async () => {
    await forgot("key-6", "a@example.com");
    const data = { createdAt: new Date(Date.now() - 86_400_000) };
    await app.core.database.prisma.idempotencyKey.updateMany({ data });
    const before = await jobs();
    expect((await forgot("key-6", "b@example.com")).status).toBe(202);
    expect(await jobs()).toBe(before + 1);
  });

  test.each(["", " ", "ключ".normalize(), "x".repeat(256)])("cannot be %j", async (key) => {
    const response = await app.request
      .post("/v1/password/forgot")
      .set("Idempotency-Key", Buffer.from(key).toString("latin1"))
      .send({ email: "a@example.com" });
    expect(response.body).toMatchObject({ status: 422, errors: [{ field: "Idempotency-Key" }] });
  });
});
