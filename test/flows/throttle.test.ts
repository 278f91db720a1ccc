import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { limits } from "../../api/rate-limits.ts";
import { createThrottle, type Throttle } from "../../infra/throttle.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People } from "../support/api/people.ts";
import { askEveryMaster } from "../../scripts/processes/every-master.ts";
import { until } from "../../scripts/processes/until.ts";

const errors: Error[] = [];
const onError = (error: Error) => void errors.push(error);

let throttle: Throttle;
let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp({
    throttle: ({ queueUrl, sql }) => (throttle = createThrottle(queueUrl, "test", sql, onError)),
  });
  people = createPeople(app);
  await until("the store responds", async () => {
    errors.length = 0;
    await throttle.hit({ name: "any", times: 1_000, seconds: 60 }, "any-client");
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

test("the sixth login within 15 minutes is throttled, whatever its credentials", async () => {
  const { email, password } = await people.verified("ada@example.com");
  for (const address of [email, "unknown@example.com"]) {
    for (let tries = 0; tries < 5; tries++)
      expect((await logIn(address, "wrong one", "192.0.2.1")).status).toBe(401);
    const response = await logIn(address, password, "192.0.2.1");
    expect([response.status, response.body.type]).toEqual([429, "/problems/too-many-requests"]);
    expect(Number(response.headers["retry-after"])).toBeGreaterThan(14 * 60);
    expect(Number(response.headers["retry-after"])).toBeLessThanOrEqual(15 * 60);
  }
  expect((await logIn(email, password, "192.0.2.2")).status).toBe(200);
});

test("an internationalised domain is counted in all its forms together", async () => {
  const forms = ["user@пример.рф", "user@xn--e1afmkfd.xn--p1ai", "USER@ПРИМЕР。рф"];
  for (const path of ["/v1/signup", "/v1/password/forgot", "/v1/verify-email/resend"]) {
    const ask = (email = "") => app.request.post(path).set(from("192.0.2.5")).send(people.person(email));
    const statuses = [];
    for (let times = 0; times < 6; times++) statuses.push((await ask(forms[times % 3])).status);
    expect([path, ...statuses]).toEqual([path, 202, 202, 202, 202, 202, 429]);
  }
  for (let tries = 0; tries < 5; tries++) await logIn(forms[tries % 3] ?? "", "wrong one", "192.0.2.5");
  expect((await logIn(forms[2] ?? "", "wrong one", "192.0.2.5")).status).toBe(429);
});

test("all addresses of a network count as one client, and forged headers are ignored", async () => {
  const sources = Array.from({ length: 8 }, (_, each) => [
    `2001:db8:1:2::${each}`,
    `198.51.100.${each}, 192.0.2.6`,
  ]);
  for (const addresses of [sources.map(([ours = ""]) => ours), sources.map(([, claimed = ""]) => claimed)]) {
    const statuses = [];
    for (const address of addresses)
      statuses.push((await logIn("roaming@example.com", "wrong one", address)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
  }
  expect((await logIn("roaming@example.com", "wrong one", "2001:db8:1:3::1")).status).toBe(401);
});

test("the port that a gateway adds to an address is not part of the client", async () => {
  const forms = [(port: number) => `192.0.2.7:${port}`, (port: number) => `[2001:db8:1:4::1]:${port}`];
  for (const form of forms) {
    const statuses = [];
    for (let port = 40_001; port <= 40_007; port++)
      statuses.push((await logIn("gateway@example.com", "wrong one", form(port))).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  }
});

test("concurrent attempts count too", async () => {
  const tries = Array.from({ length: 20 }, () => logIn("parallel@example.com", "wrong one", "192.0.2.3"));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(5);
});

test("a user creates at most a thousand uploads an hour", async () => {
  const person = await people.session("uploader@example.com");
  const file = { filename: "a.png", contentType: "image/png", bytes: 1, kind: "IMAGE" };
  const first = await person.post("/v1/uploads").send(file);
  expect(first.status).toBe(201);
  const { userId } = await app.core.database.prisma.upload.findUniqueOrThrow({
    where: { id: first.body.id },
  });
  for (let tens = 0; tens < 100; tens++)
    await Promise.all(Array.from({ length: 10 }, () => throttle.hit(limits.uploads, userId)));
  expect((await person.post("/v1/uploads").send(file)).status).toBe(429);
});

test("a login resets the attempts", async () => {
  const { email, password } = await people.verified("grace@example.com");
  for (let round = 0; round < 3; round++) {
    for (let tries = 0; tries < 4; tries++) await logIn(email, "wrong one", "192.0.2.4");
    expect((await logIn(email, password, "192.0.2.4")).status).toBe(200);
  }
});

test.each(["/v1/signup", "/v1/password/forgot", "/v1/verify-email/resend"])(
  "%s sends five mails an hour to an address",
  async (path) => {
    const ask = (email: string) => app.request.post(path).send(people.person(email));
    for (let times = 0; times < 5; times++) expect((await ask("victim@example.com")).status).toBe(202);
    expect((await ask("victim@example.com")).status).toBe(429);
    expect((await ask("late@example.com")).status).toBe(202);
  },
);

test.each([
  ["/v1/signup", "192.0.2.10"],
  ["/v1/password/forgot", "192.0.2.11"],
  ["/v1/verify-email/resend", "192.0.2.12"],
])(
  "%s: a client causes at most fifty mails an hour, and does not block other clients",
  async (path, client) => {
    const ask = (email: string, address: string) =>
      app.request.post(path).set(from(address)).send(people.person(email));
    for (let mails = 0; mails < 49; mails++) await throttle.hit(limits.mails, client);
    expect((await ask("fiftieth@example.com", client)).status).toBe(202);
    for (let tries = 0; tries < 6; tries++)
      expect((await ask("spared@example.com", client)).status).toBe(429);
    expect((await ask("spared@example.com", "192.0.2.13")).status).toBe(202);
  },
);

test.each([
  ["/v1/login", limits.logins],
  ["/v1/verify-email/code", limits.codes],
])("%s: the limit of a client counts all accounts together", async (path, limit) => {
  const body = { ...people.person("any@example.com"), code: "123456" };
  const ask = async (address: string) =>
    (await app.request.post(path).set(from(address)).send(body)).body.type;
  for (let tries = 0; tries < limit.times; tries++) await throttle.hit(limit, "192.0.2.14");
  expect(await ask("192.0.2.14")).toBe("/problems/too-many-requests");
  expect(await ask("192.0.2.15")).toMatch(/wrong-c/);
});

test("a password change allows five wrong attempts, and a right one resets them", async () => {
  const session = await people.session("forgetful@example.com");
  const change = async (currentPassword: string) =>
    (
      await session
        .post("/v1/password/change")
        .send({ currentPassword, newPassword: "correct horse battery" })
    ).status;
  for (const right of [200, 403]) {
    for (let tries = 0; tries < 4; tries++) expect(await change("not this one")).toBe(403);
    expect(await change(right === 200 ? "correct horse battery" : "nor this one")).toBe(right);
  }
  expect(await change("correct horse battery")).toBe(429);
});

test("the store contains no address", async () => {
  const redisUrl = inject("redisUrl");
  const stored = redisUrl
    ? await keysOf(app.core.queueUrl)
    : await app.core.sql(`SELECT * FROM "Throttle"`, []);
  expect(stored.length).toBeGreaterThan(5);
  expect(JSON.stringify(stored)).not.toMatch(/example\.com|192\.0\.2/);
  expect(errors).toEqual([]);
});

const any = { name: "any", times: 1, seconds: 60 };

test("without Redis, PostgreSQL counts and a warning is logged", async () => {
  const unreachable = createThrottle("redis://127.0.0.1:1", "test", app.core.sql, onError);
  expect(await unreachable.hit(any, "a")).toBe(0);
  expect(await unreachable.hit(any, "a")).toBeGreaterThan(0);
  await unreachable.forget(any, "a");
  expect(await unreachable.hit(any, "a")).toBe(0);
  unreachable.close();
  expect(errors.length).toBeGreaterThan(1);
});

test("without a store, all requests are allowed and a warning is logged", async () => {
  const fails = () => Promise.reject(new Error("unavailable"));
  const broken = createThrottle("postgres://any", "test", fails, onError);
  expect(await broken.hit(any, "a")).toBe(0);
  expect(await broken.hit(any, "a")).toBe(0);
  await broken.forget(any, "a");
  expect(errors.at(-1)?.message).toBe("unavailable");
});

const keysOf = async (url: string) =>
  (await askEveryMaster(url, (master) => master.keys("test:throttle:*"))).flat();

test("an address is invited five times an hour, by all users together", async () => {
  const inviters = await Promise.all(["ida@example.com", "jan@example.com"].map(people.session));
  const statuses: number[] = [];
  for (const inviter of inviters) {
    const { id } = (await inviter.post("/v1/projects").send({ name: "Apollo" })).body as { id: string };
    for (let times = 0; times < 3; times++) {
      const invitation = { email: "often@example.com", role: "VIEWER" };
      statuses.push((await inviter.post(`/v1/projects/${id}/invitations`).send(invitation)).status);
    }
  }
  expect(statuses).toEqual([201, 201, 201, 201, 201, 429]);
});
