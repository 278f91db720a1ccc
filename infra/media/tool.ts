import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** The resources that a program may use. */
export interface ResourceLimits {
  /** Milliseconds of wall-clock time. */
  wall: number;
  /** Seconds of processor time, of all threads together. */
  cpu: number;
  /** Bytes of address space. */
  memory: number;
  /** Bytes of each file that it writes. */
  file: number;
  /** Bytes of its standard output. */
  output: number;
}

export interface ToolOptions {
  signal: AbortSignal;
  limits: ResourceLimits;
  /** The working directory. Its path is removed from error messages. */
  folder: string;
  /** Receives each line of the standard output as it is written. */
  onLine?(line: string): void;
}

/** A program failed. The message is safe for the ledger: the last line of its standard error, without paths. */
export class ToolError extends Error {
  override name = "ToolError";
  /** Null when it was ended by a signal. */
  readonly exitCode: number | null;
  /** The exceeded limit for which it was ended. */
  readonly limit: keyof ResourceLimits | undefined;

  constructor(message: string, exitCode: number | null, limit?: keyof ResourceLimits) {
    super(message);
    this.exitCode = exitCode;
    this.limit = limit;
  }
}

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_DELAY = 2_000;
/** Seconds of processor time beyond the limit after which the kernel ends the program. */
const CPU_MARGIN = 60;

/**
 * Runs a program in a separate process group with resource limits, and resolves with its standard output (empty with
 * `onLine`). When the signal aborts or a limit is exceeded, the group gets SIGTERM, and SIGKILL after 2 s. It settles
 * when the program has ended, so that its files can be removed. The program does not outlive this process, even after
 * SIGKILL (Linux).
 * @throws ToolError when the program failed; the signal's reason when that aborted
 */
export const runTool = async (
  program: string,
  args: readonly string[],
  { signal, limits, folder, onLine }: ToolOptions,
): Promise<string> => {
  signal.throwIfAborted();
  const [command = program, ...rest] = [...limitPrefix(limits), program, ...args];
  const child = spawn(command, rest, {
    cwd: folder,
    // No variable that may contain a secret. With the last one, test runs find leaked processes.
    env: pick("PATH", "LD_LIBRARY_PATH", "SystemRoot", "OFFSTAGE_TEST_RUN"),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const group = trackGroup(child.pid);
  let stopped: Error | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (reason: Error) => {
    if (stopped) return;
    stopped = reason;
    group.kill("SIGTERM");
    killTimer = setTimeout(() => group.kill("SIGKILL"), KILL_DELAY);
  };
  const abort = () => stop(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const wallTimer = setTimeout(
    () => stop(new ToolError(`stopped after ${limits.wall / 1_000} s`, null, "wall")),
    limits.wall,
  );
  // The kernel's limit alone is ambiguous: SIGKILL also means too little memory, and ffmpeg handles SIGXCPU like
  // SIGTERM.
  const cpuTimer = setInterval(() => {
    if (cpuOf(child.pid) < limits.cpu) return;
    stop(new ToolError(`stopped after ${limits.cpu} s of processor time`, null, "cpu"));
  }, 1_000);

  let output = "";
  let size = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    size += text.length;
    if (size > limits.output) stop(new ToolError("stopped: too much output", null, "output"));
    else if (!onLine) output += text;
  });
  if (onLine) createInterface(child.stdout).on("line", onLine);
  let errors = "";
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => void (errors = (errors + text).slice(-4_000)));

  try {
    const [code, killedBy] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    if (stopped) throw stopped;
    if (code !== 0) throw new ToolError(lastLine(errors, folder) ?? `ended with ${killedBy ?? code}`, code);
    return output;
  } finally {
    clearTimeout(wallTimer);
    clearInterval(cpuTimer);
    clearTimeout(killTimer);
    signal.removeEventListener("abort", abort);
    group.untrack();
  }
};

/**
 * Seconds of processor time that a process has used, on Linux; 0 elsewhere or when it has ended. `utime` and `stime`
 * are in hundredths: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
const cpuOf = (pid: number | undefined): number => {
  try {
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const [utime, stime] = fields.split(" ").slice(11, 13);
    return (Number(utime) + Number(stime)) / 100;
  } catch {
    return 0;
  }
};

const isInstalled = (program: string, ...args: string[]) =>
  spawnSync(program, [...args, "true"]).status === 0;
let wrappers: { setpriv: boolean; prlimit: boolean } | undefined;

/** The command prefix that applies the limits, from util-linux. Without it, only the limits of this file apply. */
const limitPrefix = ({ cpu, memory, file }: ResourceLimits): string[] => {
  wrappers ??= {
    setpriv: isInstalled("setpriv", "--pdeathsig=KILL"),
    prlimit: isInstalled("prlimit", "--core=0"),
  };
  return [
    ...(wrappers.setpriv ? ["setpriv", "--pdeathsig=KILL", "--no-new-privs"] : []),
    ...(wrappers.prlimit
      ? ["prlimit", `--cpu=${cpu + CPU_MARGIN}`, `--as=${memory}`, `--fsize=${file}`, "--core=0"]
      : []),
  ];
};

const groups = new Set<number>();
let hasExitHandler = false;

/** A process group that is killed when this process exits. */
const trackGroup = (pid: number | undefined) => {
  if (!hasExitHandler) process.on("exit", () => groups.forEach((each) => signalGroup(each, "SIGKILL")));
  hasExitHandler = true;
  if (pid) groups.add(pid);
  return {
    kill: (name: NodeJS.Signals) => void (pid && signalGroup(pid, name)),
    untrack: () => void (pid && groups.delete(pid)),
  };
};

const signalGroup = (pid: number, name: NodeJS.Signals) => {
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended.
  }
};

const pick = (...names: string[]) =>
  Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));

const lastLine = (text: string, folder: string) =>
  text.replaceAll(`${folder}/`, "").trim().split("\n").at(-1)?.slice(0, 200) || undefined;
