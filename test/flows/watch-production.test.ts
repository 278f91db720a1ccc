import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createSystem, type System } from "../support/chaos/system.ts";

// The live page in real processes: where it may not exist, and how it ends.

let system: System;
/** A role of PostgreSQL whose password is not the published sample, which production refuses. */
const role = `production_${randomUUID().replaceAll("-", "")}`;
const asRole = (url: string) =>
  url.startsWith("postgres") ? Object.assign(new URL(url), { username: role, password: role }).href : url;

beforeAll(async () => {
  system = await createSystem();
  await system.sql(
    `CREATE ROLE ${role} LOGIN PASSWORD '${role}' IN ROLE ${new URL(databaseUrl()).username}`,
    [],
  );
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  const server = new pg.Client(inject("templateUrl"));
  await server.connect();
  await server.query(`DROP ROLE ${role}`);
  await server.end();
});
const databaseUrl = () => system.env["DATABASE_URL"] ?? "";

/** Prints the files that a process loads. */
const NAMES_LOADED_FILES = `import { registerHooks } from "node:module";
registerHooks({ load: (url, context, next) => { console.log("loaded " + url); return next(url, context); } });`;

const production = () => ({
  NODE_ENV: "production",
  APP_SECRET: "0123456789abcdef0123456789abcdef",
  PUBLIC_URL: "https://app.example.com",
  DATABASE_URL: asRole(databaseUrl()),
  QUEUE_URL: asRole(system.env["QUEUE_URL"] ?? ""),
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(NAMES_LOADED_FILES)}`,
});

const paths = [
  ...["", "/", "/index.html", "/main.js", "/watch.css", "/lit/lit-html.js", "/hls.js", "/stream", "/jobs"],
  ...["/jobs/019abcde-0000-7000-8000-000000000000", "/books", "/source?path=api/app.ts", "/control/state"],
];

test("production has neither the page nor its code", async () => {
  await using api = system.start("api/main.ts", production());
  await api.wrote("listening");
  for (const path of paths) {
    const { status } = await fetch(`${system.apiUrl}/watch${path}`);
    expect([path, status]).toEqual([path, 404]);
  }
  for (const [method, path] of [
    ["POST", "api/kill"],
    ["POST", "broker/empty"],
    ["PUT", "providers"],
    ["POST", "flood"],
  ]) {
    const headers = { "sec-fetch-site": "same-origin", "x-watch": "1", "content-type": "application/json" };
    const response = await fetch(`${system.apiUrl}/watch/control/${path}`, {
      method: method!,
      headers,
      body: "{}",
    });
    expect([path, response.status]).toEqual([path, 404]);
  }
  const loaded = api.output.filter((line) => /^loaded file:.*\/api\//.test(line));
  expect(loaded.some((line) => line.includes("/api/app.ts"))).toBe(true);
  expect(loaded.filter((line) => line.includes("/api/watch/"))).toEqual([]);
});

test("SANDBOX=on keeps the API from starting in production", async () => {
  await using refused = system.start("api/main.ts", { ...production(), SANDBOX: "on" });
  expect(await refused.exited).toEqual({ code: 1, signal: null });
  expect(refused.output.join("\n")).toContain("SANDBOX: must not be on");
});

test("open streams do not hold up the end of the process", async () => {
  await using api = system.start("api/main.ts", { DRAIN_DELAY_MS: "0" });
  await api.wrote("listening");
  const response = await fetch(`${system.apiUrl}/watch/stream`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("event: snapshot")) text += (await reader.read()).value ?? "";
  const began = performance.now();
  expect(await api.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  // The grace for requests is 20 seconds.
  expect(performance.now() - began).toBeLessThan(10_000);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  expect(text).toMatch(/retry: \d+\n\n$/);
});
