import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type EmbeddedPostgres, startPostgres } from "../../scripts/embedded-postgres.ts";
import { migrate } from "../../scripts/migrate.ts";
import { freePort } from "../../scripts/ports.ts";

/** A server of one test's own, which comes and goes at the same address. */
export interface Store {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Leaves every connection open and answers nothing. */
  freeze(): void;
  thaw(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Redis, ended by SIGKILL. It comes back empty, or with all that it acknowledged. */
export const createRedis = async (comesBack: "empty" | "with its data"): Promise<Store> => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-redis-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const log = comesBack === "empty" ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", "always"];
  const flags = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...log];
  let server: ChildProcess;

  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill("SIGKILL");
    await once(server, "exit");
  };
  return {
    url,
    start: async () => {
      server = spawn("redis-server", flags, { stdio: "ignore" });
      await once(server, "spawn");
      await answer(url);
    },
    stop,
    freeze: () => void server.kill("SIGSTOP"),
    thaw: () => void server.kill("SIGCONT"),
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
};

const answer = async (url: string) => {
  const client = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on("error", () => {}); // refused until it listens
  await client.ping();
  client.disconnect();
};

// Test data need not survive a crash of the machine.
const fast = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: 200 };

/** PostgreSQL with all migrations, ended by a fast shutdown. */
export const createPostgres = async (): Promise<Store> => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-postgres-"));
  const options = { folder: join(folder, "data"), port: await freePort(), settings: fast };
  let server: EmbeddedPostgres = await startPostgres(options);
  await migrate({ databaseUrl: server.url, queueUrl: server.url });

  // The server leads a group of its own, in which its sessions are.
  const signal = (name: NodeJS.Signals) => void process.kill(-(server.process.pid ?? 0), name);
  const thaw = () => signal("SIGCONT");
  return {
    url: server.url,
    start: async () => void (server = await startPostgres(options)),
    stop: () => server.stop(),
    freeze: () => signal("SIGSTOP"),
    thaw,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
};
