import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { isOrderedDeath } from "../../infra/ordered-death.ts";
import { type ProgramName, print, printOutput } from "./output.ts";
import { createRestarts, RESTART_DELAY } from "./restarts.ts";

export interface ServiceOptions {
  readonly name: ProgramName;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Responds with 200 when the service is ready. */
  readonly healthUrl: string;
  /** Whether the whole system is stopping, so that nothing is started again. */
  isStopping(): boolean;
  /** Called when it is not started again after an unexpected end, with the reason and its last lines of output. */
  onGiveUp(reason: string, lastLines: readonly string[]): void;
}

export interface Service {
  readonly name: ProgramName;
  /** The process that runs now. */
  readonly pid: number | undefined;
  /**
   * Waits until it is ready, or until it has ended for good. `timeoutMs` may be Infinity.
   * @throws Error if it is not ready in time
   */
  untilReady(timeoutMs: number): Promise<void>;
  /** Stops it and starts it again, with its changed code. */
  restart(): Promise<void>;
  /** SIGTERM; SIGKILL after 30 s. */
  stop(): Promise<void>;
  kill(): void;
}

/** Lines of output that are shown again when a service is given up. */
const LAST_LINES = 10;

/** Starts a program of the system, prints what it writes, and starts it again when it dies. */
export const startService = (options: ServiceOptions): Service => {
  const { name, healthUrl, isStopping, onGiveUp } = options;
  let reasonToGiveUp = createRestarts();
  let lastLines: string[] = [];
  let isWanted = true;
  let stopped = false;
  let gaveUp = false;
  let wasReady = false;
  let restarting: NodeJS.Timeout | undefined;
  let changing = Promise.resolve();

  const launch = (): ChildProcess => {
    lastLines = [];
    const started = spawnService(options, (line) => (lastLines = [...lastLines, line].slice(-LAST_LINES)));
    let ordered = false;
    started.on("message", (message) => (ordered ||= isOrderedDeath(message)));
    started.once("close", (code, signal) => {
      if (isWanted) endByItself(code, signal, ordered);
    });
    void noticeReady(started);
    return started;
  };

  const relaunch = () => {
    child = launch();
    print(name, `restarted with pid ${child.pid}`);
  };

  const noticeReady = async (started: ChildProcess) => {
    while (!(await respondsOk(healthUrl))) {
      if (hasEnded(started)) return;
      await sleep(25);
    }
    wasReady = true;
  };

  const endByItself = (code: number | null, signal: NodeJS.Signals | null, ordered: boolean) => {
    if (isStopping()) return;
    const how = signal ?? `exit code ${code}`;
    const reason = reasonToGiveUp({ at: performance.now(), wasReady, bySignal: signal !== null, ordered });
    if (reason !== undefined) {
      gaveUp = true;
      return onGiveUp(`ended ${reason} (${how})`, lastLines);
    }
    const cause = ordered ? "as ordered" : "unexpectedly";
    print(name, `ended ${cause} (${how}), restarting in ${RESTART_DELAY / 1_000} s`);
    restarting = setTimeout(relaunch, RESTART_DELAY);
  };
  let child = launch();

  const untilReady = async (timeoutMs: number) => {
    const deadline = Date.now() + timeoutMs;
    while (!wasReady) {
      if (stopped || (gaveUp && timeoutMs !== Infinity)) return;
      if (Date.now() > deadline)
        throw new Error(`${name} is not ready after ${timeoutMs / 1000} s (GET ${healthUrl})`);
      await sleep(25);
    }
  };

  const change = (next: () => void) => {
    changing = changing.then(async () => {
      isWanted = false;
      clearTimeout(restarting);
      await stop(child);
      next();
    });
    return changing;
  };

  return {
    name,
    get pid() {
      return child.pid;
    },
    untilReady,
    restart: () =>
      change(() => {
        if (stopped) return;
        reasonToGiveUp = createRestarts();
        wasReady = false;
        isWanted = true;
        gaveUp = false;
        relaunch();
      }),
    stop: () => {
      stopped = true;
      return change(() => {});
    },
    kill: () => {
      clearTimeout(restarting);
      isWanted = false;
      child.kill("SIGKILL");
    },
  };
};

const spawnService = (
  { name, command: [program, ...args], env }: ServiceOptions,
  onLine: (line: string) => void,
): ChildProcess => {
  const child = spawn(program, args, {
    env,
    // The IPC channel closes if this process is killed, which the child notices.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Its own process group: Ctrl-C in the terminal is for this process, which stops the services in order.
    detached: true,
  });
  for (const output of [child.stdout, child.stderr]) if (output) printOutput(name, output, onLine);
  return child;
};

const respondsOk = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    async (response) => (await response.text(), response.ok),
    () => false,
  );

const stop = async (child: ChildProcess) => {
  if (hasEnded(child)) return;
  const timeout = setTimeout(() => child.kill("SIGKILL"), 30_000);
  child.kill("SIGTERM");
  await once(child, "close");
  clearTimeout(timeout);
};

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
