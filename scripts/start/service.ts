import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { relay, type Speaker } from "./output.ts";

export interface ServiceOptions {
  readonly name: Speaker;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Answers 200 once the service is ready. */
  readonly healthUrl: string;
  /** Called when it ends without having been told to. */
  onEnd(how: string): void;
}

export interface Service {
  /**
   * Waits for its first answer, and no longer than it runs; without an end if the patience is Infinity.
   * @throws Error if it does not answer in that time.
   */
  untilHealthy(patienceMs: number): Promise<void>;
  /** Stops it and starts it again. */
  restart(): Promise<void>;
  /** SIGTERM; SIGKILL after 30 s. */
  stop(): Promise<void>;
  kill(): void;
}

/** Starts a process of the system and prints what it says. */
export const startService = (options: ServiceOptions): Service => {
  const { name, healthUrl, onEnd } = options;
  let isWanted = true;
  let stopped = false;
  let changing = Promise.resolve();

  const launch = () => {
    const started = spawnService(options);
    started.once("close", (code, signal) => {
      if (isWanted) onEnd(endOf(code, signal));
    });
    return started;
  };
  let child = launch();

  const untilHealthy = async (patienceMs: number) => {
    const deadline = Date.now() + patienceMs;
    while (!(await answersOk(healthUrl))) {
      if (patienceMs === Infinity ? stopped : hasEnded(child)) return;
      if (Date.now() > deadline)
        throw new Error(`${name} is not ready after ${patienceMs / 1000} s (GET ${healthUrl})`);
      await sleep(25);
    }
  };
  const change = (next: () => void) => {
    changing = changing.then(async () => {
      isWanted = false;
      await stop(child);
      next();
    });
    return changing;
  };

  return {
    untilHealthy,
    restart: () =>
      change(() => {
        if (stopped) return;
        isWanted = true;
        child = launch();
      }),
    stop: () => {
      stopped = true;
      return change(() => {});
    },
    kill: () => void child.kill("SIGKILL"),
  };
};

const spawnService = ({ name, command: [program, ...args], env }: ServiceOptions): ChildProcess => {
  const child = spawn(program, args, {
    env,
    // The channel tells the child if we are killed.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // A process group of its own: Ctrl-C in the terminal is for us, who stop the processes in order.
    detached: true,
  });
  for (const output of [child.stdout, child.stderr]) if (output) relay(name, output);
  return child;
};

export const endOf = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal ?? `exit code ${code}`;

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
