import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "offstage-media-";
/** Milliseconds after which a folder is abandoned: far longer than any job may run. */
const ABANDONED = 24 * 3_600_000;

const open = new Set<string>();
let isGuarded = false;

/**
 * Gives work a folder of its own, below TMPDIR, that only this user can read. It is removed when the work ends, however
 * it ends, and when this process exits. After a SIGKILL, `sweepFolders` of the next start removes it.
 */
export const withFolder = async <Result>(work: (folder: string) => Promise<Result>): Promise<Result> => {
  if (!isGuarded)
    process.on("exit", () => open.forEach((each) => rmSync(each, { recursive: true, force: true })));
  isGuarded = true;
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${owner()}-`));
  open.add(folder);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    open.delete(folder);
  }
};

/**
 * Removes what killed processes left: folders of processes of this machine that are gone, and any that is a day old.
 * Call it when a process starts, before its first `withFolder`. Resolves with how many there were.
 */
export const sweepFolders = async (): Promise<number> => {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  const stale = [];
  for (const name of names) if (await isStale(name)) stale.push(join(tmpdir(), name));
  await Promise.all(stale.map((folder) => rm(folder, { recursive: true, force: true })));
  return stale.length;
};

const owner = (pid = process.pid) => `${hostname()}-${pid}`;

const isStale = async (name: string) => {
  const path = join(tmpdir(), name);
  const [, pid] = /-(\d+)-[^-]+$/.exec(name) ?? [];
  // Containers restart under the same host name and the same pid: nothing of ours is open yet.
  if (name.startsWith(`${PREFIX}${owner(Number(pid))}-`))
    return !open.has(path) && (Number(pid) === process.pid || !isAlive(Number(pid)));
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > ABANDONED;
};

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};
