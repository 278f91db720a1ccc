import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort } from "../scripts/processes/ports.ts";
import { plainEnv } from "../scripts/processes/plain-env.ts";
import { type ProjectProcess, startProcess } from "../scripts/processes/project-process.ts";

// The parts follow each other in one shell, as for a reader. The longest waits for the lock of a killed worker.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const root = join(import.meta.dirname, "..");

/** Commands, and what they print. */
interface Block {
  commands: string;
  output: string;
}

const blocksOf = (markdown: string): Block[] =>
  [...markdown.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms)].map(
    ([, commands = "", output = ""]) => ({ commands, output }),
  );

const [introduction = "", ...sections] = (await readFile(join(root, "docs/tour.md"), "utf8")).split(/^## /m);
const parts = sections.map((section) => ({
  name: section.slice(0, section.indexOf("\n")),
  blocks: blocksOf(section),
}));

const PORTS = { PORT: "3000", SANDBOX_HTTP_PORT: "8025" } as const;

let folder: string;
let env: Record<string, string>;
let system: ProjectProcess;
let shell: Shell;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "offstage-tour-"));
  const names = [...Object.keys(PORTS), "DATABASE_PORT", "SANDBOX_SMTP_PORT"];
  const ports = await Promise.all(names.map(async (name) => [name, `${await freePort()}`] as const));
  env = { ...Object.fromEntries(ports), DATA_FOLDER: folder };
  system = startProcess("scripts/start.ts", env);
  await system.wrote("ready in");
  shell = openShell();
  await shell.run(onOwnPorts(blocksOf(introduction)[0]?.commands ?? ""));
});

afterAll(async () => {
  await shell?.close();
  await system?.kill("SIGINT");
  await rm(folder, { recursive: true });
});

test("the tour has a part for each concept", () => {
  expect(parts).toHaveLength(12);
  expect(blocksOf(introduction)).toHaveLength(1);
  for (const { blocks } of parts) expect(blocks.map(({ output }) => output)).not.toContain("");
});

let failed: string | undefined;

test.for(parts)("the tour prints what it says: $name", async ({ name, blocks }, { onTestFailed, skip }) => {
  skip(failed !== undefined, `the tour has stopped at: ${failed}`);
  onTestFailed(() => void (failed = name));
  for (const { commands, output } of blocks)
    expect(withoutSpaces(await shell.run(onOwnPorts(commands)))).toMatch(patternOf(output));
});

/** The default ports are those of another system. */
const onOwnPorts = (commands: string): string =>
  Object.entries(PORTS).reduce(
    (text, [name, port]) => text.replaceAll(`:${port}`, `:${env[name]}`),
    commands,
  );

const withoutSpaces = (text: string): string =>
  text
    .replaceAll(/[ \t]+/g, " ")
    .replaceAll(/\n\s*/g, "\n")
    .trim();

/** `…` stands for any text. */
const patternOf = (output: string): RegExp =>
  new RegExp(`^${withoutSpaces(output).split("…").map(escape).join(".*?")}$`, "s");

const escape = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");

interface Shell {
  /** Resolves with what the commands print. */
  run(commands: string): Promise<string>;
  close(): Promise<void>;
}

const END = "end of the commands";

/** A shell in the project's folder, with a group of processes of its own. */
const openShell = (): Shell => {
  const child = spawn("sh", [], { cwd: root, env: { ...process.env, ...plainEnv, ...env }, detached: true });
  const closed = once(child, "close");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  child.stdin.write("exec 2>&1\n");
  return {
    run: async (commands) => {
      child.stdin.write(`${commands}\necho; echo "${END}"\n`);
      const printed: string[] = [];
      for (let line = await lines.next(); !line.done && line.value !== END; line = await lines.next())
        printed.push(line.value);
      return printed.join("\n");
    },
    close: async () => {
      process.kill(-child.pid!, "SIGKILL");
      await closed;
    },
  };
};
