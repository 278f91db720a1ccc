import pg from "pg";
import { pino } from "pino";
import supertest from "supertest";
import { expect, test } from "vitest";
import { createApp } from "../../api/app.ts";
import { createReadiness } from "../../api/http/readiness.ts";
import { createStreams } from "../../api/notifications/streams.ts";
import { openDatabase } from "../../infra/database.ts";
import { createLocalStorage } from "../../infra/storage/local.ts";
import { createSigner } from "../../infra/storage/signature.ts";
import { noThrottle } from "../../infra/throttle.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { until } from "../../scripts/processes/until.ts";
import { createJobs } from "../../workers/core/index.ts";
import { createTestApp } from "../support/api/app.ts";
import { createPeople } from "../support/api/people.ts";

test("without its database the API returns 503 with Retry-After and stays alive", async () => {
  const database = openDatabase(`postgres://unused@127.0.0.1:${await freePort()}/none`, 2, () => {});
  const { prisma, ping } = database;
  const jobs = createJobs(database.jobs, () => {});
  const app = createApp({
    prisma,
    jobs,
    throttle: noThrottle,
    storage: createLocalStorage({
      folder: "/nowhere",
      signer: createSigner("x".repeat(32)),
    }),
    uploadWork: {},
    streams: createStreams(database, { onError: () => {} }),
    readiness: createReadiness({ database: ping, migrations: ping, broker: ping }),
    publicUrl: "http://app.test",
    accountDeletionGrace: 0,
    appSecret: "x".repeat(32),
    trustProxy: 0,
    log: pino({ level: "silent" }),
  });
  const request = supertest(app);

  const signUp = { email: "ada@example.com", name: "Ada", password: "correct horse battery" };
  for (const response of [
    await request.post("/v1/signup").send(signUp),
    await request.post("/v1/verify-email").send({ token: "any" }),
    await request.get("/readyz"),
  ]) {
    expect(response.status).toBe(503);
    expect(response.headers["retry-after"]).toBe("5");
    expect(response.body).toMatchObject({ type: "/problems/unavailable", status: 503 });
  }
  expect((await request.get("/healthz")).status).toBe(200);
  await database.close();
});

test("while PostgreSQL may only be read, requests that write get 503 with Retry-After, and the API is not ready", async () => {
  await using app = await createTestApp();
  const people = createPeople(app);
  const ada = await people.verified("ada@example.com");
  await using server = await connectTo(app.core.url);
  const name = new URL(app.core.url).pathname.slice(1);

  await server.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await server.query(END_OTHERS); // the setting is for new sessions
  for (const request of [
    app.request.post("/v1/signup").send(people.person("grace@example.com")),
    people.logIn(ada),
    people.logIn({ ...ada, password: "not the password" }),
    app.request.get("/readyz"),
  ]) {
    const { status, headers, body } = await request;
    expect({ status, retryAfter: headers["retry-after"], type: body.type }).toEqual({
      status: 503,
      retryAfter: "5",
      type: "/problems/unavailable",
    });
  }
  expect(app.logged.filter((line) => line.includes('"level":"error"'))).toEqual([]);

  await server.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
  await until("the API is ready", async () => (await app.request.get("/readyz")).status === 200);
  expect((await people.logIn(ada)).status).toBe(200);
  await people.verified("grace@example.com");
});

const END_OTHERS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;

const connectTo = async (url: string) => {
  const client = new pg.Client(url);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
};
