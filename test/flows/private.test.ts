import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createThrottle } from "../../infra/throttle.ts";
import { createTestApp, PUBLIC_URL, type TestApp } from "../support/api/app.ts";
import { brokerContent, tablesContent } from "../support/core/broker-content.ts";
import { codeIn, createPeople, tokenIn } from "../support/api/people.ts";
import { createUploader, samples } from "../support/api/uploads.ts";

let app: TestApp;
let close = () => {};
beforeAll(async () => {
  app = await createTestApp({
    throttle: ({ queueUrl, sql }) => {
      const throttle = createThrottle(queueUrl, "test", sql, () => {});
      close = throttle.close;
      return throttle;
    },
  });
});
afterAll(async () => {
  close();
  await app[Symbol.asyncDispose]();
});

const person = {
  email: "canary-address-4711@example.com",
  name: "Canary Name-4711",
  password: "canary password 4711",
};
const newPassword = "canary password 4712";
const secrets = { ...person, newPassword };

const cookiesOf = (headers: string[] = []) => headers.map((each) => each.split(";")[0]?.split("=")[1] ?? "");

/** Sends a value in every place of a request that a changed link, a wrong client or a proxy may put it. */
const requestEverywhere = async (value: string) => {
  const { request } = app;
  const paths = [
    "/reset-password%23",
    "/verify-email%2523",
    "/reset-password/",
    "/v1/sessions/",
    "/nowhere/",
    "/",
  ];
  for (const path of [...paths, "/storage/uploads/", "/storage/", "/login?next=", "/unsubscribe%3Ftoken="])
    await request.get(path + encodeURIComponent(value)).set("Accept", "text/html");
  await request.delete(`/v1/sessions/${value}`);
  await request.get(`/v1/uploads/${randomUUID()}/files/${encodeURIComponent(value)}`);
  await request.get("/nowhere").set({
    Referer: `${PUBLIC_URL}/reset-password%23${value}`,
    "User-Agent": value,
    "X-Forwarded-For": value,
  });
};

/** The token in the newest sign-in mail. */
const unsubscribeToken = async () => {
  const headers = await app.headersOf(await app.mailTo(person.email, "A new sign-in to your account"));
  return /\/unsubscribe\?token=([\w.-]+)/.exec(headers)?.[1] ?? "no token";
};

/** Sends a file to a signed URL, and a wrong one, and returns the URL's signature. */
const signatureOfUpload = async () => {
  const session = await createPeople(app).as(person);
  const uploader = createUploader(app, session);
  const permit = await uploader.create(samples.png);
  await uploader.put(permit, samples.jpeg);
  await uploader.put(permit, samples.png);
  return new URL(permit.url, PUBLIC_URL).searchParams.get("signature") ?? "no signature";
};

/** Calls every route with valid and invalid input, and collects the values that must stay private. */
const runAllFlows = async (): Promise<string[]> => {
  const { request, mailTo } = app;
  const post = (path: string, body: object) =>
    request.post(path).set("Idempotency-Key", randomUUID()).send(body);

  await post("/v1/signup", person);
  await post("/v1/signup", person);
  const verification = (await mailTo(person.email, "Confirm your email address")).text;
  await post("/v1/verify-email/code", { email: person.email, code: codeIn(verification) });
  await post("/v1/verify-email", { token: tokenIn(verification) });
  await post("/v1/login", { ...person, password: newPassword });
  const cookies = cookiesOf((await post("/v1/login", person)).get("Set-Cookie"));
  const { token } = (await post("/v1/login", { ...person, as: "bearer" })).body;
  const unsubscribe = await unsubscribeToken();
  const me = request.get(`/v1/me?token=${token}`).auth(token, { type: "bearer" });
  expect((await me).status).toBe(200);
  await request.patch("/v1/me").auth(token, { type: "bearer" }).send({ name: person.name });
  await request
    .post("/v1/password/change")
    .auth(token, { type: "bearer" })
    .send({ currentPassword: person.password, newPassword });
  await post("/v1/password/forgot", { email: person.email });
  const reset = tokenIn((await mailTo(person.email, "Set a new password")).text);
  await post("/v1/password/reset", { token: reset, password: person.password });
  await post("/v1/password/reset", { token: reset, password: `${person.password}"}` });
  await request
    .post("/v1/signup")
    .set("Content-Type", "application/json")
    .send(`{"password":"${person.password}"`);
  await request.get(`/verify-email?token=${tokenIn(verification)}`);
  await request.get(`/unsubscribe?token=${unsubscribe}`);
  await post(`/unsubscribe?token=${unsubscribe}`, {});
  const signature = await signatureOfUpload();
  const tokens = [tokenIn(verification), codeIn(verification), reset, token, ...cookies];
  for (const each of [reset, unsubscribe, signature, person.email]) await requestEverywhere(each);
  return [...tokens, unsubscribe.split(".")[1] ?? "no signature", signature];
};

test("no secret, address or name is in a log, the ledger or the broker, and no token is in the database", async () => {
  const tokens = await runAllFlows();
  expect(tokens).toHaveLength(8);
  const { prisma, sql, queueUrl } = { ...app.core, ...app.core.database };
  const jobs = (state: "PUBLISHED" | "COMPLETED") => prisma.job.count({ where: { state } });
  // Not that of the upload, which is due in a day.
  await expect.poll(() => jobs("COMPLETED")).toBe(await prisma.job.count({ where: { name: "email" } }));
  // Completed jobs leave the broker. The jobs of a paused queue stay.
  await app.core.broker.queue("email").pause();
  for (const path of ["/v1/signup", "/v1/password/forgot", "/v1/verify-email/resend"])
    await app.request.post(path).send(person);
  await expect.poll(() => jobs("PUBLISHED")).toBe(3);

  const places = {
    log: app.logged.join("\n") + JSON.stringify(app.core.logged),
    ledger: JSON.stringify(await sql(`SELECT to_jsonb(j) FROM "Job" j`, [])),
    broker: await brokerContent(queueUrl, sql),
  };
  await app.core.broker.queue("email").resume();
  for (const content of Object.values(places)) expect(content.length).toBeGreaterThan(1_000);
  const found = Object.entries(places).flatMap(([place, content]) =>
    [...Object.values(secrets), ...tokens]
      .filter((secret) => content.includes(secret))
      .map((secret) => [place, secret]),
  );
  expect(found).toEqual([]);

  const database = await tablesContent(sql, "public");
  expect(database).toContain(person.email);
  for (const secret of [person.password, newPassword, ...tokens.filter((token) => token.length > 6)])
    expect(database.includes(secret)).toBe(false);
});

test("a row that the database rejects is neither in the log nor in the response", async () => {
  const { sql } = app.core;
  await sql(`ALTER TABLE "User" ADD CONSTRAINT "notLogged" CHECK (role = 'ADMIN') NOT VALID`, []);
  const before = app.logged.length;
  const response = await app.request.post("/v1/signup").send({ ...person, email: "canary-4712@example.com" });
  await sql(`ALTER TABLE "User" DROP CONSTRAINT "notLogged"`, []);
  expect([response.status, response.body.type]).toEqual([500, "/problems/internal"]);
  const logged = app.logged.slice(before).join("\n");
  expect(logged).toContain("notLogged");
  expect(response.text + logged).not.toMatch(/canary|argon2/i);
});
