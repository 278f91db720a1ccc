import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createThrottle, type Throttle } from "../../infra/throttle.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { createPeople, type People } from "../support/people.ts";
import { until } from "../support/until.ts";

const errors: Error[] = [];
const take = (error: Error) => void errors.push(error);

let throttle: Throttle;
let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp({
    throttle: ({ queueUrl, sql }) => (throttle = createThrottle(queueUrl, "test", sql, take)),
  });
  people = createPeople(app);
  await until("the store answers", async () => {
    errors.length = 0;
    await throttle.hit({ name: "any", times: 1_000, seconds: 60 }, "anybody");
    return errors.length === 0;
  });
});
afterAll(async () => {
  throttle.close();
  await app[Symbol.asyncDispose]();
});

const from = (address: string) => ({ "X-Forwarded-For": address });
const logIn = (email: string, password: string, address: string) =>
  app.request.post("/v1/login").set(from(address)).send({ email, password });

test("the sixth login within 15 minutes waits, right or wrong, known or not", async () => {
  const { email, password } = await people.verified("ada@example.com");
  for (const address of [email, "unknown@example.com"]) {
    for (let tries = 0; tries < 5; tries++)
      expect((await logIn(address, "wrong one", "192.0.2.1")).status).toBe(401);
    const answer = await logIn(address, password, "192.0.2.1");
    expect([answer.status, answer.body.type]).toEqual([429, "/problems/too-many-requests"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(14 * 60);
    expect(Number(answer.headers["retry-after"])).toBeLessThanOrEqual(15 * 60);
  }
  expect((await logIn(email, password, "192.0.2.2")).status).toBe(200);
});

test("parallel tries count as well", async () => {
  const tries = Array.from({ length: 20 }, () => logIn("parallel@example.com", "wrong one", "192.0.2.3"));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(5);
});

test("logging in forgets the tries before", async () => {
  const { email, password } = await people.verified("grace@example.com");
  for (let round = 0; round < 3; round++) {
    for (let tries = 0; tries < 4; tries++) await logIn(email, "wrong one", "192.0.2.4");
    expect((await logIn(email, password, "192.0.2.4")).status).toBe(200);
  }
});

test.each(["/v1/password/forgot", "/v1/verify-email/resend"])(
  "%s sends five mails an hour to an address",
  async (path) => {
    const ask = (email: string) => app.request.post(path).send({ email });
    for (let times = 0; times < 5; times++) expect((await ask("victim@example.com")).status).toBe(202);
    expect((await ask("victim@example.com")).status).toBe(429);
    expect((await ask("somebody@example.com")).status).toBe(202);
  },
);

test("one client has fifty mails an hour sent to others", async () => {
  const signUp = (number: number) =>
    app.request
      .post("/v1/password/forgot")
      .set(from("192.0.2.5"))
      .send({ email: `guess-${number}@example.com` });
  const answers = await Promise.all(Array.from({ length: 60 }, (_, number) => signUp(number)));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(50);
});

test("the store holds no address", async () => {
  const redisUrl = inject("redisUrl");
  const stored = redisUrl
    ? await keysOf(app.core.queueUrl)
    : await app.core.sql(`SELECT * FROM "Throttle"`, []);
  expect(stored.length).toBeGreaterThan(5);
  expect(JSON.stringify(stored)).not.toMatch(/example\.com|192\.0\.2/);
  expect(errors).toEqual([]);
});

test("without its store everything is let through, and logged", async () => {
  const away = createThrottle("redis://127.0.0.1:1", "test", app.core.sql, take);
  expect(await away.hit({ name: "any", times: 1, seconds: 60 }, "a")).toBe(0);
  expect(await away.hit({ name: "any", times: 1, seconds: 60 }, "a")).toBe(0);
  await away.forget({ name: "any", times: 1, seconds: 60 }, "a");
  away.close();
  expect(errors.length).toBeGreaterThan(1);

  const broken = createThrottle("postgres://any", "test", () => Promise.reject(new Error("away")), take);
  expect(await broken.hit({ name: "any", times: 1, seconds: 60 }, "a")).toBe(0);
  expect(errors.at(-1)?.message).toBe("away");
});

const keysOf = async (url: string) => {
  const redis = new Redis(url);
  const keys = await redis.keys("test:throttle:*");
  redis.disconnect();
  return keys;
};
