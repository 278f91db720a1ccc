import express from "express";
import { pinoHttp } from "pino-http";
import supertest from "supertest";
import { expect, test } from "vitest";
import { createLogger } from "../../infra/logging.ts";
import { sendErrors } from "./error-responses.ts";

test("an unexpected error is a 500 without details, and is logged under the same request id", async () => {
  const logged: string[] = [];
  const logger = createLogger("test", "warn", { write: (line) => void logged.push(line) });
  const app = express()
    .use(pinoHttp({ logger, autoLogging: false, genReqId: () => "request-4711" }))
    .use(() => Promise.reject(new Error("column s3cret of User")))
    .use(sendErrors);
  const response = await supertest(app).get("/");
  expect(response.status).toBe(500);
  expect(response.body).toEqual({
    type: "/problems/internal",
    title: "Something went wrong on our side.",
    status: 500,
    requestId: "request-4711",
  });
  expect(response.headers["cache-control"]).toBe("no-store");
  expect(logged.map((line) => JSON.parse(line))).toMatchObject([
    { level: "error", req: { id: "request-4711" }, err: { message: "column s3cret of User" } },
  ]);
});
