import { spawn } from "node:child_process";
import { join } from "node:path";
import { styleText } from "node:util";

// npm run check: runs every check, and prints the output of those that fail.

const root = join(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules/.bin", name);

const checks: Record<string, [program: string, ...args: string[]]> = {
  "types (tsc)": [bin("tsc"), "--noEmit"],
  // Lifted code must not need our stricter options.
  "types under strict alone (tsc)": [
    bin("tsc"),
    "--noEmit",
    "--exactOptionalPropertyTypes",
    "false",
    "--noUncheckedIndexedAccess",
    "false",
  ],
  "lint (oxlint)": [bin("oxlint"), "."],
  "format (prettier)": [bin("prettier"), "--check", "--log-level=warn", "."],
  "unused code (knip)": [bin("knip"), "--no-config-hints", "--include-entry-exports"],
};

const run = (program: string, args: string[]): Promise<{ ok: boolean; output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, shell: process.platform === "win32" });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });

let failed = 0;
for (const [name, [program, ...args]] of Object.entries(checks)) {
  const { ok, output } = await run(program, args);
  console.log(`${ok ? styleText("green", "passed") : styleText("red", "failed")}  ${name}`);
  if (ok) continue;
  failed += 1;
  console.log(output.trimEnd().replaceAll(/^/gm, "  "));
}
console.log(`\n${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
