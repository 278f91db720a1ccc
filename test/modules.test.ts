import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { loadConfig } from "../infra/config.ts";
import { plainEnv } from "../scripts/processes/plain-env.ts";
import type { JobDefinition } from "../workers/core/index.ts";
import { modules } from "../workers/modules.ts";
import type { Infrastructure, Wire } from "../workers/wiring/infrastructure.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

const table: Readonly<Record<string, () => Promise<{ wire: Wire }>>> = modules;

const folders = (await readdir(join(root, "workers"), { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && entry.name !== "core" && entry.name !== "wiring")
  .map(({ name }) => name);

const wirings: string[] = [];
for (const file of await readdir(join(root, "workers/wiring"))) {
  if (!file.endsWith(".ts")) continue; // what wirings share
  const source = await readFile(join(root, "workers/wiring", file), "utf8");
  if (/^export const wire\b/m.test(source)) wirings.push(file.replace(/\.ts$/, ""));
}

const compose = await readFile(join(root, "docker-compose.yml"), "utf8");
const composed = [...compose.matchAll(/\bWORKERS: ([\w,-]+)/g)].flatMap(([, names = ""]) => names.split(","));

/** The parts that a module lacks. */
const missing = async (name: string): Promise<string[]> => {
  const files = await readdir(join(root, "workers", name)).catch(() => [] as string[]);
  const parts: Record<string, boolean> = {
    [`workers/${name}/job.ts`]: files.includes("job.ts"),
    [`workers/${name}/handler.ts`]: files.includes("handler.ts"),
    [`workers/${name}/handler.test.ts`]: files.includes("handler.test.ts"),
    [`workers/${name}/README.md`]: files.includes("README.md"),
    [`workers/wiring/${name}.ts with an exported "wire"`]: wirings.includes(name),
    [`its line in workers/modules.ts`]: Object.hasOwn(table, name),
    [`its name in WORKERS of one service in docker-compose.yml`]:
      composed.filter((each) => each === name).length === 1,
  };
  return Object.keys(parts).filter((part) => !parts[part]);
};

test.each([...new Set([...folders, ...wirings, ...Object.keys(table), ...composed])])(
  "the module %s has all its parts",
  async (name) => {
    expect(await missing(name)).toEqual([]);
  },
);

test("a module without any part is reported with every part", async () => {
  expect(await missing("no-such-module")).toEqual([
    "workers/no-such-module/job.ts",
    "workers/no-such-module/handler.ts",
    "workers/no-such-module/handler.test.ts",
    "workers/no-such-module/README.md",
    'workers/wiring/no-such-module.ts with an exported "wire"',
    "its line in workers/modules.ts",
    "its name in WORKERS of one service in docker-compose.yml",
  ]);
});

test.each(folders)("%s is one folder, one job, one name", async (name) => {
  const exported = Object.values(await import(`../workers/${name}/job.ts`)) as Partial<JobDefinition>[];
  expect(exported.filter((value) => value.payload).map((job) => job.name)).toEqual([name]);
  const definition = await readFile(join(root, "workers", name, "job.ts"), "utf8");
  expect(definition.match(/\S.*\n/g)?.length).toBeLessThanOrEqual(25);
});

test.each(Object.keys(table))("the line of %s in workers/modules.ts wires that job", async (name) => {
  const closing: (() => void)[] = [];
  const worker = await (
    await table[name]!()
  ).wire({
    config: loadConfig("worker", {}),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    prisma: {} as Infrastructure["prisma"],
    jobs: {} as Infrastructure["jobs"],
    storage: {} as Infrastructure["storage"],
    onClose: (close) => void closing.push(close),
  });
  for (const close of closing) close();
  // Without ffmpeg, modules that need it are not wired.
  expect([name, undefined]).toContain(worker?.job.name);
});

test("WORKERS with an unknown module ends the process with a list of the modules", async () => {
  const env = { ...process.env, ...plainEnv, WORKERS: "email,none" };
  const started = run(process.execPath, ["workers/main.ts"], { cwd: root, env });
  const names = Object.keys(table).join(", ");
  await expect(started).rejects.toMatchObject({
    code: 1,
    stderr: `WORKERS: no module named none. Available: ${names}\n`,
  });
});
