import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const watchdog = new URL("watchdog.ts", import.meta.url).href;

/** Runs a program that has a watchdog. */
const run = async (program: string) => {
  const code = `import { startWatchdog } from ${JSON.stringify(watchdog)}; startWatchdog(1_000); ${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "pipe" });
  const [[exitCode, signal], said] = await Promise.all([once(child, "exit"), text(child.stderr)]);
  return { exitCode, signal, said };
};

test("kills a process whose event loop is blocked, and says so", async () => {
  const { signal, said } = await run("for (;;);");
  expect(signal).toBe("SIGKILL");
  expect(JSON.parse(said)).toMatchObject({ level: "fatal", msg: expect.stringContaining("blocked") });
});

test("leaves a process alone that waits, or is only busy", async () => {
  const busy =
    "const end = Date.now() + 2_000; const work = () => Date.now() < end && setImmediate(work); work();";
  expect(await run(busy)).toMatchObject({ exitCode: 0, said: "" });
});

test("does not keep a process alive", async () => {
  expect(await run("")).toMatchObject({ exitCode: 0 });
});
