import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { endedWithParent } from "./parent-death.ts";

/** A `redis-server` process that can end and start again at its port. */
export interface RedisServer {
  readonly port: number;
  /** Resolves when it accepts commands. */
  start(): Promise<void>;
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Leaves every connection open, and does not respond. */
  freeze(): void;
  thaw(): void;
  /** Runs one command on it. */
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Creates a server with these arguments, which `start` starts. It does not outlive this process. */
export const createRedisServer = (port: number, args: readonly string[]): RedisServer => {
  let server: ChildProcess | undefined;

  const call = async (command: string, ...rest: string[]) => {
    const client = new Redis({ port, retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on("error", () => {}); // refused until it listens
    return client.call(command, ...rest).finally(() => client.disconnect());
  };
  return {
    port,
    start: async () => {
      const { error } = spawnSync("redis-server", ["--version"]);
      if (error) throw error;
      const [program = "", ...all] = [...endedWithParent("TERM"), "redis-server", ...args];
      server = spawn(program, all, { stdio: "ignore" });
      await call("PING");
    },
    end: async (signal) => {
      if (!server?.pid || server.exitCode !== null || server.signalCode !== null) return;
      server.kill(signal);
      await once(server, "exit");
    },
    freeze: () => void server?.kill("SIGSTOP"),
    thaw: () => void server?.kill("SIGCONT"),
    call,
  };
};

/** Arguments for every server: connections from this machine only, and no writes to disk except the log, if any. */
export const redisArgs = (port: number, folder: string, log: "no log" | "log"): string[] => [
  ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
  ...(log === "log" ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"]),
];
