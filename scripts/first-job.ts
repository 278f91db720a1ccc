import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { missingChromium, startChromium } from "./processes/chromium.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";
import { plainEnv } from "./processes/plain-env.ts";
import { freePort } from "./processes/ports.ts";

const HELP = `Measures the time from npm start in a fresh clone until a job is seen to move on the live page.

  npm run first-job                 with the packages installed already, and without
  npm run first-job -- --installed  only with the packages installed already`;

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** Seconds since `npm start`. */
interface Times {
  ready: number;
  shown: number;
  moved: number;
}

/** What someone does who follows the README: clone, start, open the page, press the first button. */
const measure = async (isInstalled: boolean): Promise<Times> => {
  await using cleanups = new AsyncDisposableStack();
  const folder = cleanups.adopt(await mkdtemp(join(tmpdir(), "offstage-first-job-")), (path) =>
    rm(path, { recursive: true, force: true, maxRetries: 5 }),
  );
  const clone = join(folder, "offstage");
  await run("git", ["clone", "--quiet", "--local", root, clone]);
  if (isInstalled) await symlink(join(root, "node_modules"), join(clone, "node_modules"));
  const browser = cleanups.adopt(await startChromium(), (each) => each.close());

  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1_000;
  const system = await startIn(clone);
  cleanups.defer(system.stop);
  const url = await system.livePage;
  const ready = seconds();
  const page = await browser.newPage();
  await page.goto(url);
  const signUp = page.getByRole("button", { name: /^Sign up/ }).first();
  await signUp.waitFor();
  const shown = seconds();
  await signUp.click();
  await page.locator("#stage .token.mine").first().waitFor();
  await page.locator("#stage .token.mine[data-phase=done]").first().waitFor();
  return { ready, shown, moved: seconds() };
};

/** `npm start`, on free ports: others may use the usual ones. */
const startIn = async (clone: string) => {
  const names = ["PORT", "DATABASE_PORT", "SANDBOX_SMTP_PORT", "SANDBOX_HTTP_PORT", "HEALTH_PORT"];
  const ports = await Promise.all(names.map(async (name) => [name, `${await freePort()}`] as const));
  const env = { ...process.env, ...plainEnv, ...Object.fromEntries(ports) };
  const child = spawn("npm", ["start"], { cwd: clone, env, stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "close");
  const found = Promise.withResolvers<string>();
  const seen: string[] = [];
  createInterface(child.stdout).on("line", (line) => {
    seen.push(line);
    if (line.includes("ready in")) found.resolve(/http:\S+\/watch/.exec(seen.join("\n"))?.[0] ?? "");
  });
  void exited.then(() => found.reject(new Error(`npm start ended:\n${seen.join("\n")}`)));
  const stop = async () => {
    child.kill("SIGINT");
    await exited;
  };
  return { livePage: found.promise, stop };
};

const print = (label: string, { ready, shown, moved }: Times): void => {
  const [started, opened, done] = [ready, shown, moved].map((value) => value.toFixed(1));
  console.log(
    `${label}: ready after ${started} s, the page is shown after ${opened} s, the first job has moved after ${done} s`,
  );
};

const { values: options } = parseArgsOrExit(
  { options: { installed: { type: "boolean" }, help: { type: "boolean", short: "h" } } },
  `\n${HELP}`,
);
if (options.help || missingChromium) {
  console.log(options.help ? HELP : missingChromium);
  process.exit(options.help ? 0 : 2);
}
print("with installed packages", await measure(true));
if (!options.installed) print("in a fresh clone", await measure(false));
