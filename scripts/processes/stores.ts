import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type EmbeddedPostgres, startPostgres } from "../postgres/embedded.ts";
import { migrate } from "../migrate.ts";
import { freePort } from "./ports.ts";
import { createRedisServer, redisArgs } from "./redis-server.ts";

/** A database server for one test, which can stop and start again at the same address. */
export interface Store {
  readonly url: string;
  start(): Promise<void>;
  /** An orderly shutdown. */
  stop(): Promise<void>;
  /** Ends at once, without writing anything. */
  crash(): Promise<void>;
  /** Leaves every connection open, and does not respond. */
  freeze(): void;
  thaw(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A Redis that starts again empty, or with every acknowledged write, however it ended. */
export const createRedis = async (comesBack: "empty" | "with its data"): Promise<Store> => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-redis-"));
  const port = await freePort();
  const server = createRedisServer(port, redisArgs(port, folder, comesBack === "empty" ? "no log" : "log"));
  return {
    url: `redis://127.0.0.1:${port}`,
    start: server.start,
    stop: () => server.end("SIGTERM"),
    crash: () => server.end("SIGKILL"),
    freeze: server.freeze,
    thaw: server.thaw,
    [Symbol.asyncDispose]: async () => {
      await server.end("SIGKILL");
      await rm(folder, { recursive: true });
    },
  };
};

// A commit survives a crash of the server, but not of the machine.
const settings = { fsync: "off", full_page_writes: "off", max_connections: 400 };

/** PostgreSQL with all migrations, which can refuse writes in all its sessions. */
export const createPostgres = async (): Promise<
  Store & { refuseWrites(): Promise<void>; acceptWrites(): Promise<void> }
> => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-postgres-"));
  const options = { folder: join(folder, "data"), port: await freePort(), settings };
  let server: EmbeddedPostgres = await startPostgres(options);
  await migrate({ databaseUrl: server.url, queueUrl: server.url });

  const signal = (name: NodeJS.Signals) => {
    const pid = server.process.pid ?? 0;
    const sessions = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    for (const each of [pid, ...sessions.map(Number)]) process.kill(each, name);
  };
  const setReadOnly = async (value: "on" | "off") => {
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
    await client.query("SELECT pg_reload_conf()");
    await client.end();
  };
  return {
    url: server.url,
    start: async () => void (server = await startPostgres(options)),
    stop: () => server.stop(),
    crash: async () => {
      server.process.kill("SIGQUIT");
      await once(server.process, "exit");
    },
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    refuseWrites: () => setReadOnly("on"),
    acceptWrites: () => setReadOnly("off"),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
};
