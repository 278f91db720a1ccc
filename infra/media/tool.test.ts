import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runTool } from "./tool.ts";
import type { Limits } from "./tool.ts";

const plenty: Limits = { wall: 20_000, cpu: 20, memory: 1 << 30, file: 1 << 20, output: 1 << 20 };
const shell = (script: string, limits: Partial<Limits> = {}, signal = new AbortController().signal) =>
  runTool("sh", ["-c", script], { signal, limits: { ...plenty, ...limits }, folder: tmpdir() });

test("resolves with what the program says", async () => {
  expect(await shell("echo hello")).toBe("hello\n");
});

test("gives it nothing of our environment but the path", async () => {
  process.env["SECRET_OF_OURS"] = "canary";
  expect(await shell("env")).not.toContain("canary");
  delete process.env["SECRET_OF_OURS"];
});

test("a program that ignores SIGTERM is killed, with whatever it started", async () => {
  const stop = new AbortController();
  const stubborn = shell("trap '' TERM; sleep 60 & sleep 60", {}, stop.signal);
  setTimeout(() => stop.abort(new Error("enough")), 200);
  const began = performance.now();
  await expect(stubborn).rejects.toThrow("enough");
  expect(performance.now() - began).toBeLessThan(5_000);
});

test.for<[string, string, Partial<Limits>, string]>([
  ["time", "sleep 60", { wall: 200 }, "stopped after 0.2 s"],
  ["processor time", "while :; do :; done", { cpu: 1 }, "stopped after 1 s of processor time"],
  ["memory", "head -c 200000000 /dev/zero | tail -c 150000000", { memory: 64 << 20 }, "memory exhausted"],
  ["words", "while :; do echo words; done", { output: 10_000 }, "it says too much"],
  ["file", "f=$(mktemp); head -c 100000 /dev/zero > $f; s=$?; rm $f; exit $s", { file: 1_000 }, "File"],
])("no more %s than allowed", async ([, script, limits, reason]) => {
  await expect(shell(script, limits)).rejects.toThrow(reason);
});

test("reports which limit of ours ended a program", async () => {
  await expect(shell("sleep 60", { wall: 200 })).rejects.toMatchObject({ limit: "wall" });
  await expect(shell("while :; do :; done", { cpu: 1 })).rejects.toMatchObject({ limit: "cpu" });
  await expect(shell("kill -KILL $$")).rejects.toMatchObject({ limit: undefined, exitCode: null });
});

test("does not start when it is too late", async () => {
  await expect(shell("echo no", {}, AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
});
