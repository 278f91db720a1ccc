import { spawn } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { freePort } from "../../../scripts/processes/ports.ts";

/** Starts a redis-server without persistence, with enough databases for all tests. */
export const startRedis = async (folder: string) => {
  const port = await freePort();
  const settings = {
    bind: "127.0.0.1",
    dir: folder,
    databases: 10_000,
    "maxmemory-policy": "noeviction",
    save: "",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const server = spawn("redis-server", ["--port", `${port}`, ...flags], { stdio: "ignore" });
  await once(server, "spawn").catch((cause: unknown) => {
    throw new Error("BROKER=redis needs redis-server on PATH: apt-get install redis-server", { cause });
  });
  const url = `redis://127.0.0.1:${port}`;
  await untilReady(url);
  const stop = async () => {
    server.kill();
    await once(server, "exit");
  };
  return { url, stop };
};

const untilReady = async (url: string) => {
  const client = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on("error", () => {}); // refused until it listens
  await client.ping();
  client.disconnect();
};
