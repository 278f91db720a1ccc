import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { plainEnv } from "../scripts/processes/plain-env.ts";
import { modules } from "../workers/modules.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** Runs statements in a new process, and resolves with the files that it has loaded, packages included. */
const filesLoadedBy = async (
  statements: string,
  variables: Record<string, string> = {},
): Promise<string[]> => {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = new Set();
    registerHooks({ load: (url, context, next) => { loaded.add(url); return next(url, context); } });
    ${statements}
    console.error(JSON.stringify([...loaded].filter((url) => url.startsWith("file:"))));
    process.exit();
  `;
  const env = { ...process.env, ...plainEnv, ...variables };
  const { stderr } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: root, env });
  return (JSON.parse(stderr) as string[]).map((url) => relative(root, fileURLToPath(url)));
};

/** Files that take memory or start-up time, with the modules that need them when they start. */
const needed: Record<string, string[]> = {
  "node_modules/@aws-sdk/": [],
  "node_modules/@opentelemetry/": [],
  "node_modules/eta/": ["email"],
  "node_modules/firebase-admin/": ["push-notify"],
  "node_modules/libheif-js/": [],
  "node_modules/nodemailer/": ["email"],
  "node_modules/pdfkit/": [],
  "node_modules/sharp/": ["image-resize"],
  "infra/media/": ["video-encode", "video-thumbnails", "video-transcribe"],
  "infra/transcription.ts": ["video-transcribe"],
};

test.concurrent.each(Object.keys(modules))("a process for %s loads only what it needs", async (name) => {
  const loaded = await filesLoadedBy(`await import("./workers/main.ts");`, {
    WORKERS: name,
    DATABASE_URL: "postgres://127.0.0.1:9/none",
    FFMPEG_PATH: "/nowhere",
  });
  const handlers = loaded.filter((file) => /^workers\/[^/]+\/handler\.ts$/.test(file));
  expect(handlers).toEqual([`workers/${name}/handler.ts`]);
  const found = Object.keys(needed).filter((part) => loaded.some((file) => file.startsWith(part)));
  expect(found).toEqual(Object.keys(needed).filter((part) => needed[part]!.includes(name)));
});

test.concurrent.each(["", "http://127.0.0.1:9"])(
  "with %j as endpoint for traces, the API loads OpenTelemetry only if there is one",
  async (endpoint) => {
    const loaded = await filesLoadedBy(`await import("./api/main.ts");`, {
      PORT: "0",
      DATABASE_URL: "postgres://127.0.0.1:9/none",
      SANDBOX: "off",
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    });
    expect(loaded).toContain("api/app.ts");
    expect(loaded.some((file) => file.includes("node_modules/@opentelemetry/"))).toBe(endpoint !== "");
  },
);

test("the tables of modules and of schedules load nothing but job definitions", async () => {
  const tables = ["workers/modules.ts", "workers/schedules.ts"];
  const loaded = await filesLoadedBy(tables.map((file) => `await import("./${file}");`).join("\n"));
  const jobs = /^(workers\/core\/job|workers\/[^/]+\/job|node_modules\/zod\/.*)\.[a-z]+$/;
  expect(loaded.filter((file) => !jobs.test(file))).toEqual(tables);
});

test("importing a file opens no connection, server or timer", async () => {
  const files = globSync("{api,workers,infra,sandbox}/**/*.ts", {
    cwd: root,
    // Processes and threads begin there.
    exclude: ["**/*.test.ts", "**/main.ts", "**/{thread,*-thread}.ts"],
  });
  expect(files.length).toBeGreaterThan(20);
  const script = `
    for (const file of ${JSON.stringify(files)}) await import("./" + file);
    await new Promise((resolve) => setImmediate(resolve)); // until the work that loading deferred is done
    console.log(JSON.stringify(process.getActiveResourcesInfo().filter((name) => /Socket|TCP|Timeout|Server|Immediate|Process/.test(name))));
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: root });
  expect(JSON.parse(stdout)).toEqual([]);
});
