import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** What a program may spend. */
export interface Limits {
  /** Milliseconds by the clock. */
  wall: number;
  /** Seconds of all its threads together. */
  cpu: number;
  /** Bytes of address space. */
  memory: number;
  /** Bytes of any one file that it writes. */
  file: number;
  /** Bytes of what it says. */
  output: number;
}

export interface ToolOptions {
  signal: AbortSignal;
  limits: Limits;
  /** Where it runs, and the only folder whose name its error may mention: it is cut out. */
  folder: string;
  /** Receives each line of its standard output as it comes. */
  onLine?(line: string): void;
}

/** A program ended with something else than success. The message is fit for the ledger: its last words, without paths. */
export class ToolError extends Error {
  override name = "ToolError";
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** The limit for which we ended it. */
  readonly limit: keyof Limits | undefined;

  constructor(message: string, exitCode: number | null, limit?: keyof Limits) {
    super(message);
    this.exitCode = exitCode;
    this.limit = limit;
  }
}

/** Milliseconds between SIGTERM and SIGKILL. */
const PATIENCE = 2_000;
/** Seconds of processor time after which the kernel ends a program that we could not. */
const GRACE = 60;

/**
 * Runs a program with an argument array in a process group of its own, under limits, and resolves with what it wrote.
 * When the signal aborts, or a limit of ours is reached, the whole group gets SIGTERM, and SIGKILL after 2 s. It settles
 * only when the program is gone, so that its files can be removed. It does not outlive this process, however that dies.
 * @throws ToolError when it failed; the signal's reason when that aborted
 */
export const runTool = async (
  program: string,
  args: readonly string[],
  { signal, limits, folder, onLine }: ToolOptions,
): Promise<string> => {
  signal.throwIfAborted();
  const [command = program, ...rest] = [...confined(limits), program, ...args];
  const child = spawn(command, rest, {
    cwd: folder,
    // Nothing of ours: no address of a database, no key. The variable lets test runs find what they left behind.
    env: pick("PATH", "LD_LIBRARY_PATH", "SystemRoot", "OFFSTAGE_TEST_RUN"),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const group = killable(child.pid);
  let stopped: Error | undefined;
  let force: NodeJS.Timeout | undefined;
  const stop = (reason: Error) => {
    if (stopped) return;
    stopped = reason;
    group.kill("SIGTERM");
    force = setTimeout(() => group.kill("SIGKILL"), PATIENCE);
  };
  const abort = () => stop(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const clock = setTimeout(
    () => stop(new ToolError(`stopped after ${limits.wall / 1_000} s`, null, "wall")),
    limits.wall,
  );
  // The kernel's limit alone would look like something else: SIGKILL like a lack of memory, SIGXCPU to ffmpeg like SIGTERM.
  const meter = setInterval(() => {
    if (cpuOf(child.pid) < limits.cpu) return;
    stop(new ToolError(`stopped after ${limits.cpu} s of processor time`, null, "cpu"));
  }, 1_000);

  let output = "";
  let size = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    size += text.length;
    if (size > limits.output) stop(new ToolError("stopped: it says too much", null, "output"));
    else if (!onLine) output += text;
  });
  if (onLine) createInterface(child.stdout).on("line", onLine);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (said = (said + text).slice(-4_000)));

  try {
    const [code, killedBy] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    if (stopped) throw stopped;
    if (code !== 0) throw new ToolError(lastWords(said, folder) ?? `ended by ${killedBy ?? code}`, code);
    return output;
  } finally {
    clearTimeout(clock);
    clearInterval(meter);
    clearTimeout(force);
    signal.removeEventListener("abort", abort);
    group.forget();
  }
};

/**
 * Seconds of processor time that a process has spent, on Linux; 0 elsewhere, or when it is gone. `utime` and `stime` count
 * hundredths: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
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

const has = (program: string, ...args: string[]) => spawnSync(program, [...args, "true"]).status === 0;
let wrappers: { setpriv: boolean; prlimit: boolean } | undefined;

/** What goes before a command, from util-linux; nothing where it is missing (then our own limits and `exit` remain). */
const confined = ({ cpu, memory, file }: Limits): string[] => {
  wrappers ??= { setpriv: has("setpriv", "--pdeathsig=KILL"), prlimit: has("prlimit", "--core=0") };
  return [
    ...(wrappers.setpriv ? ["setpriv", "--pdeathsig=KILL", "--no-new-privs"] : []),
    ...(wrappers.prlimit
      ? ["prlimit", `--cpu=${cpu + GRACE}`, `--as=${memory}`, `--fsize=${file}`, "--core=0"]
      : []),
  ];
};

const groups = new Set<number>();
let isGuarded = false;

/** A process group that is killed when this process exits. */
const killable = (pid: number | undefined) => {
  if (!isGuarded) process.on("exit", () => groups.forEach((each) => signalGroup(each, "SIGKILL")));
  isGuarded = true;
  if (pid) groups.add(pid);
  return {
    kill: (name: NodeJS.Signals) => void (pid && signalGroup(pid, name)),
    forget: () => void (pid && groups.delete(pid)),
  };
};

const signalGroup = (pid: number, name: NodeJS.Signals) => {
  try {
    process.kill(-pid, name);
  } catch {
    // It is gone.
  }
};

const pick = (...names: string[]) =>
  Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));

const lastWords = (said: string, folder: string) =>
  said.replaceAll(`${folder}/`, "").trim().split("\n").at(-1)?.slice(0, 200) || undefined;
