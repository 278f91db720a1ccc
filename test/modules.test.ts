import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { plainEnv } from "../scripts/processes/plain-env.ts";
import type { JobDefinition } from "../workers/core/index.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

const modules = (await readdir(join(root, "workers"), { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && entry.name !== "core")
  .map(({ name }) => name);

test.each(modules)("%s is one folder, one job, one name", async (name) => {
  const files = await readdir(join(root, "workers", name));
  expect(files).toEqual(expect.arrayContaining(["job.ts", "handler.ts", "handler.test.ts", "README.md"]));
  const exported = Object.values(await import(`../workers/${name}/job.ts`)) as Partial<JobDefinition>[];
  expect(exported.filter((value) => value.payload).map((job) => job.name)).toEqual([name]);
  const contract = await readFile(join(root, "workers", name, "job.ts"), "utf8");
  expect(contract.match(/\S.*\n/g)?.length).toBeLessThanOrEqual(25);
});

test("every module has its handler in the table of workers/main.ts", async () => {
  const started = run(process.execPath, ["workers/main.ts"], {
    cwd: root,
    env: { ...process.env, ...plainEnv, WORKERS: "none" },
  });
  const { stderr } = await started.then(
    () => Promise.reject(new Error("it started")),
    (error: { stderr: string }) => error,
  );
  const [, table = ""] = /^WORKERS: no module named none. There are: (.*)$/m.exec(stderr) ?? [];
  expect(new Set(table.split(", "))).toEqual(new Set(modules));
});

test("docker compose runs every module", async () => {
  const file = await readFile(join(root, "docker-compose.yml"), "utf8");
  const named = [...file.matchAll(/\bWORKERS: ([\w,-]+)/g)].flatMap(([, names = ""]) => names.split(","));
  expect(named.toSorted()).toEqual(modules.toSorted());
});

test("importing opens nothing", async () => {
  const files = globSync("{api,workers,infra,sandbox}/**/*.ts", {
    cwd: root,
    exclude: ["**/*.test.ts", "**/main.ts"],
  });
  expect(files.length).toBeGreaterThan(20);
  const script = `
    for (const file of ${JSON.stringify(files)}) await import("./" + file);
    await new Promise((resolve) => setImmediate(resolve)); // what loading itself deferred is over
    console.log(JSON.stringify(process.getActiveResourcesInfo().filter((name) => /Socket|TCP|Timeout|Server|Immediate|Process/.test(name))));
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: root });
  expect(JSON.parse(stdout)).toEqual([]);
});
