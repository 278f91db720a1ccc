import { afterAll, beforeAll, expect, test } from "vitest";
import { createSystem, type System } from "../support/chaos/system.ts";

// The live page in real processes: where it may not exist, and how it ends.

let system: System;
beforeAll(async () => {
  system = await createSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

const production = () => ({
  NODE_ENV: "production",
  APP_SECRET: "0123456789abcdef0123456789abcdef",
  PUBLIC_URL: "https://app.example.com",
  // Logs every file that is loaded.
  NODE_DEBUG: "esm",
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
  const loaded = api.output.filter((line) => line.includes("/api/"));
  expect(loaded.some((line) => line.includes("/api/app.ts"))).toBe(true);
  expect(loaded.filter((line) => line.includes("/api/watch/"))).toEqual([]);
});

test.each(["api/main.ts", "workers/main.ts"])(
  "SANDBOX=on keeps %s from starting in production",
  async (file) => {
    await using refused = system.start(file, { ...production(), SANDBOX: "on" });
    expect(await refused.exited).toEqual({ code: 1, signal: null });
    expect(refused.output.join("\n")).toContain("SANDBOX: must not be on");
  },
);

test("SANDBOX=off removes the page outside production too", async () => {
  await using api = system.start("api/main.ts", { SANDBOX: "off" });
  await api.wrote("listening");
  expect((await fetch(`${system.apiUrl}/watch`)).status).toBe(404);
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
