import express from "express";
import { pinoHttp } from "pino-http";
import supertest from "supertest";
import { describe, expect, test } from "vitest";
import { createLogger } from "../../infra/logging.ts";
import { notFound, sendErrors } from "./error-responses.ts";

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

describe("an unknown address", () => {
  const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const app = supertest(
    express()
      .use((request, _response, next) => {
        request.id = "request-4711";
        next();
      })
      .use(notFound)
      .use(sendErrors),
  );

  test("is a page for a person", async () => {
    for (const request of [
      app.get("/a/b"),
      app.get("/a?b").set("If-None-Match", "*").set("Range", "bytes=0-1"),
    ]) {
      const { status, headers, text } = await request.set("Accept", BROWSER);
      expect([status, headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
      expect(headers).toMatchObject({ "cache-control": "no-store", vary: "Accept" });
      expect(text).toContain("<h1>Page not found</h1>");
    }
  });

  test.each([
    undefined,
    "*/*",
    "application/json",
    "application/problem+json",
    "application/json, text/html",
    "image/*",
  ])("is a problem for a client that accepts %s", async (accept) => {
    const { status, headers } = await app.get("/a").set(accept ? { Accept: accept } : {});
    expect([status, headers["content-type"]]).toEqual([404, "application/problem+json; charset=utf-8"]);
    expect(headers["vary"]).toBe("Accept");
  });

  test("is a problem for a request that changes something", async () => {
    const { headers } = await app.post("/a").set("Accept", BROWSER);
    expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  });
});
