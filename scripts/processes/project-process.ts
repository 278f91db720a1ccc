import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { endedWithParent } from "./parent-death.ts";
import { plainEnv } from "./plain-env.ts";

const root = join(import.meta.dirname, "../..");

/** Milliseconds for a process to write a line. */
const PATIENCE = 120_000;

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process of this project, as real as in production. */
export interface ProjectProcess {
  readonly pid: number;
  /** Every line that it wrote so far. */
  readonly output: readonly string[];
  readonly exited: Promise<Exit>;
  /**
   * Resolves with the first line that contains `text`.
   * @throws Error with the output when it ends before, or has not written it within two minutes
   */
  wrote(text: string): Promise<string>;
  /** SIGKILL unless said otherwise. Resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs a file of the project with these variables and no others of the project. It does not outlive us. */
export const startProcess = (file: string, env: Record<string, string>, ...own: string[]): ProjectProcess => {
  const [program = "", ...args] = [...endedWithParent("TERM"), process.execPath, join(root, file), ...own];
  const child = spawn(program, args, {
    cwd: root,
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
        const timer = setTimeout(fail, PATIENCE, `has not within ${PATIENCE} ms written`);
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
          fail("ended without");
        });
      }),
    kill,
    [Symbol.asyncDispose]: async () => void (await kill()),
  };
};
