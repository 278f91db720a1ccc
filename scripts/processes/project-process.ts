import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { endedWithParent } from "./parent-death.ts";
import { plainEnv } from "./plain-env.ts";

const root = join(import.meta.dirname, "../..");

/** Milliseconds to wait for a line of output. */
const TIMEOUT = 120_000;

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A real process of this project, as in production. */
export interface ProjectProcess {
  readonly pid: number;
  /** Every line of output so far. */
  readonly output: readonly string[];
  readonly exited: Promise<Exit>;
  /**
   * Resolves with the first line that contains `text`.
   * @throws Error with the output if the process ends first, or after two minutes
   */
  wrote(text: string): Promise<string>;
  /** Sends SIGKILL by default. Resolves when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs a file with these variables of the project and no others. It does not outlive this process. */
export const startProcess = (file: string, env: Record<string, string>, ...own: string[]): ProjectProcess =>
  startProcessIn(root, file, env, ...own);

/** The same in another checkout of the project. */
export const startProcessIn = (
  folder: string,
  file: string,
  env: Record<string, string>,
  ...own: string[]
): ProjectProcess => {
  const [program = "", ...args] = [...endedWithParent("TERM"), process.execPath, join(folder, file), ...own];
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...plainEnv, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  const waiting = new Set<() => void>();
  const take = (line: string) => {
    output.push(line);
    for (const look of waiting) look();
  };
  createInterface(child.stdout).on("line", take);
  createInterface(child.stderr).on("line", take);
  const exited = once(child, "close").then(([code, signal]): Exit => ({ code, signal }));

  const kill = (signal: NodeJS.Signals = "SIGKILL") => {
    child.kill(signal);
    return exited;
  };
  return {
    pid: child.pid ?? 0,
    output,
    exited,
    wrote: (text) =>
      new Promise((resolve, reject) => {
        const fail = (what: string) => reject(new Error(`${file} ${what} "${text}":\n${output.join("\n")}`));
        const timer = setTimeout(fail, TIMEOUT, `did not within ${TIMEOUT} ms write`);
        const look = () => {
          const line = output.find((each) => each.includes(text));
          if (line === undefined) return;
          waiting.delete(look);
          clearTimeout(timer);
          resolve(line);
        };
        waiting.add(look);
        look();
        void exited.then(() => {
          clearTimeout(timer);
          fail("ended without writing");
        });
      }),
    kill,
    [Symbol.asyncDispose]: async () => void (await kill()),
  };
};
