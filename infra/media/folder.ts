import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "offstage-media-";
/** Milliseconds after which a folder is abandoned: far longer than any job may run. */
const ABANDONED = 24 * 3_600_000;

const open = new Set<string>();
let hasExitHandler = false;

/**
 * Runs work with a temporary folder below TMPDIR that only this user can read. It is removed when the work ends or
 * fails, and when this process exits. After a SIGKILL, `removeAbandonedFolders` removes it at the next start.
 */
export const withTemporaryFolder = async <Result>(
  work: (folder: string) => Promise<Result>,
): Promise<Result> => {
  if (!hasExitHandler)
    process.on("exit", () => open.forEach((each) => rmSync(each, { recursive: true, force: true })));
  hasExitHandler = true;
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
 * Removes the folders of killed processes: of processes of this machine that have ended, and any that is a day old.
 * Call it at the start of a process, before its first `withTemporaryFolder`. Resolves with the number of removed
 * folders.
 */
export const removeAbandonedFolders = async (): Promise<number> => {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  const abandoned = [];
  for (const name of names) if (await isAbandoned(name)) abandoned.push(join(tmpdir(), name));
  await Promise.all(abandoned.map((folder) => rm(folder, { recursive: true, force: true })));
  return abandoned.length;
};

const owner = (pid = process.pid) => `${hostname()}-${pid}`;

const isAbandoned = async (name: string) => {
  const path = join(tmpdir(), name);
  const [, pid] = /-(\d+)-[^-]+$/.exec(name) ?? [];
  // A restarted container has the same host name and pid: the folder is abandoned unless this process opened it.
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
