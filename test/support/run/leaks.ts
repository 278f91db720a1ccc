import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Ends the processes that a test run left behind. Every child inherits a variable that identifies the run. Needs /proc,
 * and does nothing without it.
 * @throws Error that names the processes
 */
export const endLeakedProcesses = async (run: string): Promise<void> => {
  let leaked = await findProcesses(run);
  for (let tries = 0; leaked.length > 0 && tries < 30; tries++) {
    await sleep(100);
    leaked = await findProcesses(run);
  }
  for (const { pid } of leaked) process.kill(pid, "SIGKILL");
  if (leaked.length === 0) return;
  throw new Error(
    `Tests left processes running:\n${leaked.map(({ pid, command }) => `  ${pid} ${command}`).join("\n")}`,
  );
};

const findProcesses = async (run: string) => {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ({ pid, ...(await inspect(pid)) })));
  return found.filter(
    ({ environment, command }) => environment?.includes(run) && !command?.includes("vitest"),
  );
};

const inspect = async (pid: number) => {
  try {
    const [environment, command] = await Promise.all([read(pid, "environ"), read(pid, "cmdline")]);
    return { environment, command };
  } catch {
    return {}; // It has ended, or belongs to another user.
  }
};

const read = async (pid: number, file: string) =>
  (await readFile(`/proc/${pid}/${file}`, "utf8")).replaceAll("\0", " ");
