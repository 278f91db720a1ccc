import { request as httpRequest } from "node:http";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { queues } from "../../api/http/queues.ts";
import { until } from "../../scripts/processes/until.ts";
import { modules } from "../../workers/modules.ts";
import { createTestApp, PUBLIC_URL, type TestApp } from "../support/api/app.ts";

// What the live page reads on demand, and who may read it.

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp({ watch: true });
});
afterAll(() => app[Symbol.asyncDispose]());

const get = (path: string) => app.request.get(`/watch${path}`);
const now = async () => (await app.core.sql<{ now: Date }>(`SELECT now() AS now`, []))[0]!.now.toISOString();

/** A request with a Host header, and others, as a browser sends them. */
const statusOf = (path: string, headers: Record<string, string>, method = "GET") =>
  new Promise<number | undefined>((resolve, reject) => {
    const { hostname, port } = new URL(app.url);
    httpRequest({ hostname, port, path, method, headers }, (response) => {
      resolve(response.statusCode);
      response.destroy();
    })
      .on("error", reject)
      .end();
  });

const paths = [
  "",
  "/",
  "/main.js",
  "/stream",
  `/jobs/${uuidv7()}`,
  "/jobs?requestId=x",
  "/source?path=api/app.ts",
];

describe("the pages", () => {
  test.each(["/watch", "/watch/"])("%s is the page, with a policy of its own", async (path) => {
    const { status, headers, text } = await app.request.get(path);
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^text\/html/);
    expect(headers["cache-control"]).toBe("no-cache");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).toContain("frame-src 'self'");
    expect(headers["content-security-policy"]).toContain("media-src 'self' blob:");
    expect(text).toContain("/watch/main.js");
    const other = await app.request.get("/login");
    expect(other.headers["content-security-policy"]).not.toContain("blob:");
  });

  test("scripts of packages are served, and nothing else of them", async () => {
    for (const path of ["/lit/lit-html.js", "/lit/directives/repeat.js", "/hls.js"]) {
      const { status, headers } = await get(path);
      expect([path, status, headers["content-type"]]).toEqual([
        path,
        200,
        expect.stringMatching(/javascript/),
      ]);
    }
    for (const path of [
      "/lit/package.json",
      "/lit/",
      "/lit",
      "/lit/lit-html.d.ts",
      "/lit/..%2fpg%2flib%2findex.js",
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
  });

  test.each(["/stream", "/jobs", "/books", "/source", "/main.js"])("%s is only read", async (path) => {
    const { status, headers } = await app.request.post(`/watch${path}`);
    expect(status).toBe(405);
    expect(headers["allow"]).toBe("GET, HEAD, OPTIONS");
  });

  test("an unknown path is not found", async () => {
    expect((await get("/missing")).status).toBe(404);
    expect((await get("/main.js/x")).status).toBe(404);
  });
});

describe("who may read", () => {
  test.each(paths)("/watch%s is for our own hosts only", async (path) => {
    for (const host of ["127.0.0.1", "localhost:3000", "[::1]:3000", new URL(PUBLIC_URL).host])
      expect(await statusOf(`/watch${path}`, { host })).not.toBe(403);
    for (const host of ["evil.example", "127.0.0.1.evil.example", "app.test.evil.example"])
      expect(await statusOf(`/watch${path}`, { host })).toBe(403);
  });

  test.each(paths.slice(3))("/watch%s is not for pages of other sites", async (path) => {
    for (const site of ["cross-site", "same-site"])
      expect(await statusOf(`/watch${path}`, { host: "localhost", "sec-fetch-site": site })).toBe(403);
    expect(await statusOf(`/watch${path}`, { host: "localhost", "sec-fetch-site": "same-origin" })).not.toBe(
      403,
    );
  });

  test("a link from another site may open the page", async () => {
    expect(await statusOf("/watch", { host: "localhost", "sec-fetch-site": "cross-site" })).toBe(200);
  });
});

test("the stream refuses what it cannot follow", async () => {
  expect((await get("/stream?follow=x")).status).toBe(422);
  expect((await get(`/stream?follow=${Array.from({ length: 41 }, () => uuidv7()).join()}`)).status).toBe(422);
});

test("a sign-up's job is found by its request, whole, with what belongs to it", async () => {
  const requestId = "the-request-of-ada";
  const since = await now();
  await app.request
    .post("/v1/signup")
    .set("X-Request-Id", requestId)
    .send({ email: "ada@example.com", name: "Ada", password: "correct horse battery" });
  await app.mailTo("ada@example.com");
  const { jobs } = (await get(`/jobs?requestId=${requestId}`)).body;
  expect(jobs).toMatchObject([{ name: "email", requestId, causeId: null }]);
  const [{ id }] = jobs;
  await app.core.reaches(id, "COMPLETED");

  const long = "x".repeat(1_000);
  const child = uuidv7();
  const caused = uuidv7();
  await app.core.sql(`UPDATE "Job" SET "rootId" = id, result = to_jsonb($2::text) WHERE id = $1::uuid`, [
    id,
    long,
  ]);
  await app.core.sql(
    `INSERT INTO "Job" (id, name, payload, state, "rootId", "parentId", "causeId", result) VALUES
     ($1::uuid, 'email', '{}', 'CANCELLED', $3::uuid, $3::uuid, NULL, to_jsonb($4::text)),
     ($2::uuid, 'email', '{}', 'CANCELLED', NULL, NULL, $1::uuid, NULL)`,
    [child, caused, id, long],
  );
  const { status, body, headers } = await get(`/jobs/${id}`);
  expect(status).toBe(200);
  expect(headers["cache-control"]).toBe("no-store");
  expect(body.job).toMatchObject({
    id,
    phase: "done",
    result: long,
    children: 1,
    openChildren: 0,
    earlier: 0,
  });
  expect(body.total).toBe(3);
  expect(body.related.map((job: { id: string }) => job.id).toSorted()).toEqual(
    [id, child, caused].toSorted(),
  );
  const shortened = body.related.find((job: { id: string }) => job.id === child).result.clipped;
  expect(shortened).toHaveLength(300);
  expect(long).toContain(shortened.slice(1));
  // The same from the end of the chain.
  expect((await get(`/jobs/${child}`)).body.total).toBe(3);

  expect((await get(`/jobs/${uuidv7()}`)).body).toMatchObject({ type: "/problems/not-found" });
  expect((await get("/jobs/x")).status).toBe(404);
  expect((await get("/jobs")).status).toBe(422);
  expect((await get("/jobs?requestId=another")).body.jobs).toEqual([]);
  expect(Date.parse((await get(`/books?since=${since}`)).body.since)).toBe(Date.parse(since));
});

test("a job's whole history is sent, of which the stream has the last eight entries", async () => {
  const id = uuidv7();
  await app.core.sql(
    `INSERT INTO "Job" (id, name, payload, state, history) SELECT $1::uuid, 'email', '{}', 'CANCELLED',
       jsonb_agg(jsonb_build_object('startedAt', now(), 'endedAt', now(), 'by', 'w', 'outcome', 'retry', 'error', repeat(n::text, 400)))
     FROM generate_series(1, 9) n`,
    [id],
  );
  const { job, related } = (await get(`/jobs/${id}`)).body;
  expect(job.history).toHaveLength(9);
  expect(job.history[0].error).toHaveLength(400);
  expect(job.history[0].endedAt).toMatch(/^\d{4}-.*Z$/);
  const [clipped] = related;
  expect(clipped.history.map(({ error }: { error: string }) => error[0]).join("")).toBe("23456789");
  expect(clipped).toMatchObject({ earlier: 1, retryAt: null });
  expect(clipped.history[0].error).toHaveLength(300);
});

test("the books count what became of all jobs since a time, and the mails that arrived", async () => {
  await app.core.sql(
    `INSERT INTO "Job" (id, name, payload, state, "createdAt")
     VALUES ($1::uuid, 'old', '{}', 'COMPLETED', now() - interval '1 second')`,
    [uuidv7()],
  );
  const since = await now();
  await app.request
    .post("/v1/signup")
    .send({ email: "grace@example.com", name: "Grace", password: "correct horse battery" });
  await app.mailTo("grace@example.com");
  for (const [name, state] of [
    ["image-resize", "FAILED"],
    ["image-resize", "CANCELLED"],
    ["push-notify", "WAITING"],
  ])
    await app.core.sql(
      `INSERT INTO "Job" (id, name, payload, state) VALUES ($1::uuid, $2, '{}', $3::"JobState")`,
      [uuidv7(), name, state],
    );
  const books = await until("the mail's job is done", async () => {
    const { body } = await get(`/books?since=${encodeURIComponent(since)}`);
    return body.names.email?.done === 1 && body;
  });
  expect(books).toEqual({
    at: expect.any(String),
    since,
    jobs: { done: 1, dead: 1, cancelled: 1, open: 1, total: 4 },
    names: {
      email: { done: 1, dead: 0, cancelled: 0, open: 0, total: 1 },
      "image-resize": { done: 0, dead: 1, cancelled: 1, open: 0, total: 2 },
      "push-notify": { done: 0, dead: 0, cancelled: 0, open: 1, total: 1 },
    },
    mails: { received: 1, distinct: 1, repeated: 0 },
  });
  expect((await get("/books?since=yesterday")).status).toBe(422);
  expect((await get("/books")).status).toBe(422);
});

test("source is shown by its symbol, and only the repository's own", async () => {
  const { body } = await get("/source?path=workers/core/relay.ts&symbol=startRelay");
  expect(body.lines[body.line - body.first]).toContain("export const startRelay");
  for (const path of ["../package.json", "%2e%2e/package.json", "package.json", ".env", "api%2f..%2f.env"])
    expect([path, (await get(`/source?path=${path}`)).status]).toEqual([path, 404]);
  expect((await get("/source")).status).toBe(422);
  expect((await get("/source?path=workers/core/relay.ts&symbol=missing")).status).toBe(404);
});

test("the page knows the queue of every module", () => {
  expect(queues.map(({ name }) => name).toSorted()).toEqual(Object.keys(modules).toSorted());
});
