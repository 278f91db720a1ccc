import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { plainEnv } from "../processes/plain-env.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** A checkout of an earlier commit, ready to run. */
export interface OlderVersion extends AsyncDisposable {
  readonly folder: string;
  /** Runs a script of it until it ends. @throws Error with its output when it fails */
  run(script: string, env: Record<string, string>): Promise<void>;
  /** The paths of its API. */
  readonly paths: ReadonlySet<string>;
}

const git = async (...args: string[]): Promise<string> =>
  (await run("git", args, { cwd: root, maxBuffer: 1e8 })).stdout.trim();

/** What the last release was: the newest tag `v*` before HEAD, or else the commit in `.last-release`. */
export const findLastRelease = async (): Promise<string> =>
  git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^").catch(async () =>
    (await readFile(join(root, ".last-release"), "utf8")).trim(),
  );

/** Resolves with the id of a commit, or with undefined if it is not in this clone. */
export const findCommit = async (name: string): Promise<string | undefined> =>
  git("rev-parse", "--verify", "--quiet", `${name}^{commit}`).catch(() => undefined);

/** Copies a commit into a temporary folder and installs it there. */
export const checkOut = async (commit: string): Promise<OlderVersion> => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-older-"));
  const dispose = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    await unpack(commit, folder);
    // The lockfile decides. With other packages, run.mjs installs those of the older version.
    if (await hasAllPackages(folder)) await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const runScript = async (script: string, env: Record<string, string>) => {
      const options = { cwd: folder, env: { ...process.env, ...plainEnv, ...env }, maxBuffer: 1e8 };
      await run(process.execPath, ["scripts/run.mjs", script], options);
    };
    // Generates what git ignores: the Prisma client and the compiled templates.
    await runScript("scripts/templates.ts", {});
    const { paths } = JSON.parse(await readFile(join(folder, "openapi.json"), "utf8")) as { paths: object };
    return { folder, run: runScript, paths: new Set(Object.keys(paths)), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
};

const unpack = async (commit: string, folder: string): Promise<void> => {
  const archive = spawn("git", ["archive", commit], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const tar = spawn("tar", ["-x", "-C", folder], { stdio: ["pipe", "inherit", "inherit"] });
  archive.stdout.pipe(tar.stdin);
  const [code] = (await once(tar, "close")) as [number | null];
  if (code !== 0) throw new Error(`commit ${commit} cannot be unpacked`);
};

interface Lockfile {
  packages: Record<string, { version?: string; optional?: boolean }>;
}

/** Whether the installed packages include every one of the older version, in the same version. */
const hasAllPackages = async (folder: string): Promise<boolean> => {
  const read = async (path: string) => (JSON.parse(await readFile(path, "utf8")) as Lockfile).packages;
  const wanted = await read(join(folder, "package-lock.json"));
  const installed = await read(join(root, "node_modules/.package-lock.json"));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === "" ||
      version === undefined ||
      installed[path]?.version === version ||
      (optional && !installed[path]),
  );
};

/** Whether the history of this clone was cut off. */
export const isShallow = async (): Promise<boolean> =>
  (await git("rev-parse", "--is-shallow-repository").catch(() => "")) === "true";
