import { pino } from "pino";
import supertest from "supertest";
import { expect, test } from "vitest";
import { createApp } from "../../api/app.ts";
import { createReadiness } from "../../api/http/readiness.ts";
import { openDatabase } from "../../infra/database.ts";
import { createLocalStorage } from "../../infra/storage/local.ts";
import { createSigner } from "../../infra/storage/signature.ts";
import { noThrottle } from "../../infra/throttle.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { createJobs } from "../../workers/core/index.ts";

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
    readiness: createReadiness({ database: ping, migrations: ping, broker: ping }),
    publicUrl: "http://app.test",
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
