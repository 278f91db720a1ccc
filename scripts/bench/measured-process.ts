import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { plainEnv } from "../processes/plain-env.ts";

const root = join(import.meta.dirname, "../..");

/** Child processes to end when this process exits, also if the run is interrupted. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A child process that runs a file of this project. It is killed on disposal and when this process exits. */
export interface ProjectProcess extends AsyncDisposable {
  readonly pid: number;
  readonly process: ChildProcess;
}

/**
 * Runs a file of the project with the environment of this process, in which every variable of the project is empty
 * unless it is in `env`. Resolves when a line of the output contains `ready`.
 * @throws Error with the last 20 lines of its output if it ends earlier
 */
export const startProcess = async (
  file: string,
  env: Readonly<Record<string, string>>,
  ready: string,
): Promise<ProjectProcess> => {
  const child = fork(resolve(root, file), {
    cwd: root,
    env: { ...process.env, ...plainEnv, ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.add(child);
  const exited = once(child, "exit");
  await untilItLogs(child, file, ready);
  return {
    pid: child.pid ?? 0,
    process: child,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
      running.delete(child);
    },
  };
};

const untilItLogs = (child: ChildProcess, file: string, ready: string): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface(stream).on("line", (line) => {
      output.push(line);
      if (output.length > 20) output.shift();
      if (line.includes(ready)) resolve();
    });
  }
  child.once("exit", () => reject(new Error(`${file} ended before it was ready:\n${output.join("\n")}`)));
  return promise;
};
