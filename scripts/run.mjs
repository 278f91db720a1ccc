// node scripts/run.mjs FILE [ARGUMENT…]: runs a file of the project, also in a fresh clone. Installs the packages of
// package-lock.json, switches to Node 24, generates the files that git ignores, then imports the file.
// Plain JavaScript, because any version of Node may start it.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node24 = join(root, "node_modules/.bin/node");
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
process.chdir(root);
process.env.STARTED_AT ??= String(Date.now());
endWithNpm();

if (!isInstalled()) await install();
if (isOld(process.versions.node)) await continueOnNode24();
else await runFile();

/** npm forwards signals, but not a SIGKILL: after it, this process has another parent. */
function endWithNpm() {
  if (!process.env.npm_lifecycle_event || process.channel) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, 200);
  watch.unref();
}

/** Compares the lockfile with npm's record of installed packages. Packages for other platforms may be absent. */
function isInstalled() {
  if (!existsSync("node_modules/.package-lock.json")) return false;
  const [wanted, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map(
    (file) => JSON.parse(readFileSync(file, "utf8")).packages,
  );
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === "" || version === undefined) return true; // the project itself, and links into it
    return installed[path] ? installed[path].version === version : optional;
  });
}

async function install() {
  console.log("Installing packages (npm ci). The first time downloads 1 GB, which takes a minute or more …");
  const retries = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"];
  const { code, errors } = await npm("ci", "--no-audit", "--no-fund", "--loglevel=error", ...retries);
  if (code === 0) return;
  if (
    /\b(ECONN\w+|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/.test(errors)
  ) {
    const registry = (await npm("config", "get", "registry")).output.trim();
    console.error(`The npm registry is unreachable: ${registry}`);
    console.error("It is needed once, to install the packages. Run `npm ci` for details.");
  } else console.error(`${errors}\nThe packages could not be installed: see npm's message above.`);
  process.exit(1);
}

/** Resolves with npm's exit code and output. */
function npm(...args) {
  const { npm_execpath: script, npm_node_execpath: node = process.execPath } = process.env;
  const [program, ...first] = script?.endsWith("npm-cli.js") ? [node, script] : ["npm"];
  const isWindows = process.platform === "win32";
  const child = spawn(program, [...first, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    shell: isWindows,
    detached: !isWindows, // a process group, with the scripts of packages
  });
  // npm would continue after Ctrl-C until everything is installed. The next start repeats an incomplete installation.
  const end = () => {
    if (isWindows) child.kill();
    else if (child.pid) process.kill(-child.pid, "SIGKILL");
    process.exit(1);
  };
  for (const signal of SIGNALS) process.once(signal, end);
  child.on("close", () => SIGNALS.forEach((signal) => process.off(signal, end)));
  return new Promise((done, failed) => {
    let output = "";
    let errors = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (errors += text));
    child.on("error", failed);
    child.on("close", (code) => done({ code, output, errors }));
  });
}

function isOld(version) {
  const [major, minor] = version.split(".").map(Number);
  return major < 24 || (major === 24 && minor < 11);
}

async function continueOnNode24() {
  if (!existsSync(node24)) {
    console.error(
      `Offstage needs Node 24.11 or later. This is ${process.version}, and npm has none for ${process.platform}.`,
    );
    process.exit(1);
  }
  // The IPC channel closes if this process is killed, which the child notices.
  const child = spawn(node24, process.argv.slice(1), { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 1));
}

async function runFile() {
  process.env.NODE_COMPILE_CACHE ??= join(root, ".data/compile-cache");
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  const { prepare } = await import("./start/setup.ts");
  await prepare();
  process.argv.splice(1, 2, resolve(process.argv[2]));
  await import(pathToFileURL(process.argv[1]).href);
}
