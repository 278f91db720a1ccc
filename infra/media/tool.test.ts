import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runTool } from "./tool.ts";
import type { ResourceLimits } from "./tool.ts";

const plenty: ResourceLimits = { wall: 20_000, cpu: 20, memory: 1 << 30, file: 1 << 20, output: 1 << 20 };
const shell = (script: string, limits: Partial<ResourceLimits> = {}, signal = new AbortController().signal) =>
  runTool("sh", ["-c", script], { signal, limits: { ...plenty, ...limits }, folder: tmpdir() });

test("resolves with the program's output", async () => {
  expect(await shell("echo hello")).toBe("hello\n");
});

test("does not pass on the environment, except PATH", async () => {
  process.env["SECRET_OF_OURS"] = "canary";
  expect(await shell("env")).not.toContain("canary");
  delete process.env["SECRET_OF_OURS"];
});

test("kills a program that ignores SIGTERM, and its children", async () => {
  const stop = new AbortController();
  const stubborn = shell("trap '' TERM; sleep 60 & sleep 60", {}, stop.signal);
  setTimeout(() => stop.abort(new Error("enough")), 200);
  const began = performance.now();
  await expect(stubborn).rejects.toThrow("enough");
  expect(performance.now() - began).toBeLessThan(5_000);
});

test.for<[string, string, Partial<ResourceLimits>, string]>([
  ["time", "sleep 60", { wall: 200 }, "stopped after 0.2 s"],
  ["processor time", "while :; do :; done", { cpu: 1 }, "stopped after 1 s of processor time"],
  ["memory", "head -c 200000000 /dev/zero | tail -c 150000000", { memory: 64 << 20 }, "memory exhausted"],
  ["output", "while :; do echo words; done", { output: 10_000 }, "too much output"],
  ["file", "f=$(mktemp); head -c 100000 /dev/zero > $f; s=$?; rm $f; exit $s", { file: 1_000 }, "File"],
])("limits %s", async ([, script, limits, reason]) => {
  await expect(shell(script, limits)).rejects.toThrow(reason);
});

test("reports the exceeded limit", async () => {
  await expect(shell("sleep 60", { wall: 200 })).rejects.toMatchObject({ limit: "wall" });
  await expect(shell("while :; do :; done", { cpu: 1 })).rejects.toMatchObject({ limit: "cpu" });
  await expect(shell("kill -KILL $$")).rejects.toMatchObject({ limit: undefined, exitCode: null });
});

test("does not start after its signal has aborted", async () => {
  await expect(shell("echo no", {}, AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
});
