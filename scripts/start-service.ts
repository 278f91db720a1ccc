import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { relay, type Speaker } from "./start-output.ts";

export interface ServiceOptions {
  readonly name: Speaker;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Answers 200 once the service is ready. */
  readonly healthUrl: string;
}

export interface Service {
  readonly name: Speaker;
  readonly process: ChildProcess;
  /** @throws Error if it does not answer in that time. */
  untilHealthy(patienceMs: number): Promise<void>;
  /** SIGTERM; SIGKILL after 30 s. */
  stop(): Promise<void>;
}

/** Starts a process of the system and prints what it says. */
export const startService = ({ name, command, env, healthUrl }: ServiceOptions): Service => {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    env,
    // The channel tells the child if we are killed.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // A process group of its own: Ctrl-C in the terminal is for us, who stop the processes in order.
    detached: true,
  });
  for (const output of [child.stdout, child.stderr]) if (output) relay(name, output);
  return {
    name,
    process: child,
    untilHealthy: (patienceMs) => untilHealthy(name, healthUrl, child, patienceMs),
    stop: () => stop(child),
  };
};

const untilHealthy = async (name: string, url: string, child: ChildProcess, patienceMs: number) => {
  const deadline = Date.now() + patienceMs;
  while (!(await answersOk(url)) && !hasEnded(child)) {
    if (Date.now() > deadline)
      throw new Error(`${name} is not ready after ${patienceMs / 1000} s (GET ${url})`);
    await sleep(25);
  }
};

const answersOk = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    async (response) => (await response.text(), response.ok),
    () => false,
  );

const stop = async (child: ChildProcess) => {
  if (hasEnded(child)) return;
  const patience = setTimeout(() => child.kill("SIGKILL"), 30_000);
  child.kill("SIGTERM");
  await once(child, "close");
  clearTimeout(patience);
};

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
