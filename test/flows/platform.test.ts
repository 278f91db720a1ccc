import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People } from "../support/api/people.ts";

let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp();
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());

const ask = (body: string, type = "application/json") =>
  app.request.post("/v1/password/forgot").set("Content-Type", type).send(body);

describe("a clear error", () => {
  test.each([
    ["malformed JSON", "{", 400, "malformed-json"],
    ["JSON that is not an object", "12", 400, "malformed-json"],
    ["NUL in text", `{"email":"a\\u0000@example.com"}`, 400, "unusable-json"],
    ["a lone surrogate", `{"email":"\\ud800@example.com"}`, 400, "unusable-json"],
    ["a lone surrogate in an unknown field", `{"email":"a@example.com","\\udfff":1}`, 400, "unusable-json"],
    ["__proto__", `{"email":"a@example.com","__proto__":{"role":"ADMIN"}}`, 400, "unusable-json"],
    ["an object instead of text", `{"email":{"$gt":""}}`, 422, "invalid-request"],
    ["deep nesting", `{"email":${"[".repeat(7_000)}${"]".repeat(7_000)}}`, 400, "unusable-json"],
    ["a body too large", `{"email":"${"x".repeat(66_000)}"}`, 413, "body-too-large"],
  ])("for %s", async (_what, body, status, type) => {
    const response = await ask(body);
    expect([response.status, response.body.type]).toEqual([status, `/problems/${type}`]);
    expect(response.type).toBe("application/problem+json");
    expect(response.body.requestId).toBe(response.headers["x-request-id"]);
  });

  test.each([
    ["a form", "application/x-www-form-urlencoded"],
    ["text", "text/plain"],
    ["another character set", "application/json; charset=latin1"],
  ])("for %s", async (_what, type) => {
    expect((await ask("{}", type)).body).toMatchObject({
      type: "/problems/unsupported-media-type",
      status: 415,
    });
  });

  test("for an unsupported encoding", async () => {
    const response = await ask("{}").set("Content-Encoding", "compress");
    expect(response.status).toBe(415);
  });

  test("for a body that does not match its encoding", async () => {
    const response = await ask("{}").set("Content-Encoding", "gzip");
    expect([response.status, response.body.type]).toEqual([400, "/problems/bad-request"]);
  });

  test("for an unsupported method, with the supported methods", async () => {
    const response = await app.request.put("/v1/me");
    expect([response.status, response.headers["allow"]]).toEqual([405, "GET, PATCH, HEAD, OPTIONS"]);
    expect(response.body.type).toBe("/problems/method-not-allowed");
    expect((await app.request.get("/v1/login")).headers["allow"]).toBe("POST, OPTIONS");
    expect((await app.request.put("/unsubscribe")).headers["allow"]).toBe("GET, POST, HEAD, OPTIONS");
    expect((await app.request.options("/v1/me")).headers["allow"]).toBe("GET, PATCH, HEAD, OPTIONS");
  });

  test.each([
    ["/", "post"],
    ["/login", "delete"],
    ["/style.css", "put"],
    ["/docs/", "post"],
    ["/docs/swagger-ui.css", "patch"],
    ["/openapi.json", "delete"],
  ] as const)("for an unsupported method of the file %s", async (path, method) => {
    const response = await app.request[method](path);
    expect([response.status, response.headers["allow"]]).toEqual([405, "GET, HEAD, OPTIONS"]);
    expect(response.body.type).toBe("/problems/method-not-allowed");
    expect((await app.request.get(path)).status).toBe(200);
    const options = await app.request.options(path);
    expect([options.status, options.headers["allow"]]).toEqual([204, "GET, HEAD, OPTIONS"]);
  });

  test.each(["/nothing.css", "/docs/nothing", "/openapi.json/more"])("for any method of %s", async (path) => {
    expect((await app.request.post(path)).status).toBe(404);
  });

  test.each(["/v1/nothing", "/v1", "/v1/sessions/one/two", "/nothing", "/%E0%A4%A", "/v1/ME"])(
    "for %s",
    async (path) => {
      const response = await app.request.get(path);
      expect([response.status, response.body.type]).toEqual([404, "/problems/not-found"]);
    },
  );

  test("for an invalid id", async () => {
    const session = await people.session("ids@example.com");
    for (const id of ["1", "%00", "%E0%A4%A", "x".repeat(5_000), randomUUID()])
      expect((await session.delete(`/v1/sessions/${id}`)).status).toBe(404);
    for (const query of ["limit=0", "limit=101", "limit=x", "cursor=%00", "limit=1&limit=2"])
      expect((await session.get(`/v1/sessions?${query}`)).status).toBe(422);
  });
});

describe("a request id", () => {
  test("is in every response", async () => {
    const [one, two] = [await app.request.get("/healthz"), await app.request.get("/v1/nothing")];
    expect(one.headers["x-request-id"]).toMatch(/^[\w-]{36}$/);
    expect(two.headers["x-request-id"]).not.toBe(one.headers["x-request-id"]);
  });

  test("is accepted from the request, and used in the response and in the log", async () => {
    const response = await app.request.get("/v1/me").set("X-Request-Id", "order-4711.retry-2");
    expect(response.body.requestId).toBe("order-4711.retry-2");
    expect(app.logged.join()).toContain("order-4711.retry-2");
  });

  test.each(["short", "with space and more", `"}{"level":"fatal`, "x".repeat(65)])(
    "is never %j",
    async (id) => {
      expect((await app.request.get("/healthz").set("X-Request-Id", id)).headers["x-request-id"]).not.toBe(
        id,
      );
    },
  );
});

describe("readiness", () => {
  test("reports each check", async () => {
    const response = await app.request.get("/readyz");
    expect(response.body).toEqual({
      status: "ready",
      checks: { database: "ok", migrations: "ok", broker: "ok" },
    });
  });

  test("fails while a migration is missing", async () => {
    const rename = (from: string, to: string) =>
      app.core.sql(`UPDATE _prisma_migrations SET migration_name = $2 WHERE migration_name = $1`, [from, to]);
    await rename("20261123000000_ledger", "other");
    const response = await app.request.get("/readyz");
    await rename("other", "20261123000000_ledger");
    expect([response.status, response.headers["retry-after"]]).toEqual([503, "5"]);
    expect(response.body.errors).toContainEqual({ field: "migrations", message: "down" });
  });
});

test("responses have strict security headers and are not cached", async () => {
  const { headers } = await app.request.get("/");
  expect(headers["content-security-policy"]).toBe(
    "default-src 'none';script-src 'self';style-src 'self';img-src 'self';media-src 'self';" +
      "connect-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'",
  );
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["strict-transport-security"]).toBe("max-age=31536000; includeSubDomains");
  expect(headers["referrer-policy"]).toBe("no-referrer");
  expect(headers).not.toHaveProperty("x-powered-by");
  const session = await people.session("headers@example.com");
  for (const path of ["/v1/me", "/v1/sessions/one", "/nothing"])
    expect((await session.get(path)).headers["cache-control"]).toBe("no-store");
});

test("text has a charset, and no other origin may read a response", async () => {
  for (const path of ["/", "/style.css", "/session.js", "/openapi.json", "/v1/me", "/nothing"]) {
    const { headers } = await app.request.get(path).set("Origin", "https://evil.example");
    expect([path, headers["content-type"]]).toEqual([path, expect.stringMatching(/; charset=utf-8$/i)]);
    expect([path, headers["access-control-allow-origin"]]).toEqual([path, undefined]);
  }
});

test("Swagger UI may use inline styles, but only scripts of this host", async () => {
  const { headers } = await app.request.get("/docs/");
  expect(headers["content-security-policy"]).toBe(
    "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;" +
      "connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  );
});

test("probes are not logged, other requests are", async () => {
  const before = app.logged.length;
  for (const path of ["/healthz", "/readyz", "/openapi.json"]) await app.request.get(path);
  const paths = () => app.logged.slice(before).map((line) => JSON.parse(line).req?.path as unknown);
  await expect.poll(paths).toContain("/openapi.json");
  expect(paths()).toEqual(["/openapi.json"]);
});
