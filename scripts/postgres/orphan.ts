import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Frees the folder of a cluster from a server whose parent was killed: stops the server, or removes the lock file that
 * it left (PostgreSQL would mistake any process with the same pid for it).
 * @throws Error if the parent is still running.
 */
export const stopOrphan = async (folder: string): Promise<void> => {
  const lockFile = join(folder, "postmaster.pid");
  if (!existsSync(lockFile)) return;
  const pid = Number.parseInt(readFileSync(lockFile, "utf8"), 10);
  const server = inspect(pid);
  if (!server?.command.includes(folder)) return rmSync(lockFile);
  if (server.parent > 1 && inspect(server.parent)?.command.includes("node"))
    throw new Error(`${folder} is in use by process ${server.parent}: is Offstage already running?`);
  process.kill(pid, "SIGINT");
  while (inspect(pid)?.command.includes(folder)) await sleep(50);
};

interface ProcessInfo {
  readonly parent: number;
  readonly command: string;
}

const inspect = (pid: number): ProcessInfo | undefined => {
  try {
    return process.platform === "linux" ? readProc(pid) : askPs(pid);
  } catch {
    return undefined;
  }
};

const readProc = (pid: number): ProcessInfo => {
  const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return {
    parent: Number(parent),
    command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "),
  };
};

const askPs = (pid: number): ProcessInfo => {
  const output = execFileSync("ps", ["-o", "ppid=", "-o", "args=", "-p", `${pid}`], { encoding: "utf8" });
  const [, parent, command = ""] = /^\s*(\d+)\s+(.*)/.exec(output) ?? [];
  return { parent: Number(parent), command };
};
