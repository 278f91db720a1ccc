import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { createRedisServer, redisArgs, type RedisServer } from "./redis-server.ts";
import { until } from "./until.ts";

const MASTER = "offstage";
const SENTINELS = 3;

/** Milliseconds without a reply after which a Sentinel considers the master down. */
const DOWN_AFTER = 1_000;

/** A master and a replica, and three Sentinels that promote the replica when the master dies. */
export interface WatchedRedis extends AsyncDisposable {
  readonly url: string;
  readonly sentinels: readonly RedisServer[];
  /** The server that the Sentinels name as the master. */
  master(): Promise<RedisServer>;
  /** Resolves when the replica has all that the master has and could be promoted. */
  inSync(): Promise<void>;
  /** Resolves when another server than this is the master. */
  promotedInsteadOf(old: RedisServer): Promise<void>;
  /** Makes the replica the master and the master a replica, which from then on refuses to write. */
  demote(): Promise<void>;
}

/** The servers keep every acknowledged write, but a failover may lose those that the replica has not received. */
export const startWatchedRedis = async (): Promise<WatchedRedis> => {
  await using starting = new AsyncDisposableStack();
  const folder = starting.adopt(await mkdtemp(join(tmpdir(), "offstage-sentinel-")), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const add = (port: number, args: readonly string[]) =>
    starting.adopt(createRedisServer(port, args), (each) => each.end("SIGKILL"));
  const ownFolder = async (name: string) => {
    const path = join(folder, name);
    await mkdir(path);
    return path;
  };

  const [first, second] = [await freePort(), await freePort()];
  const replicaOf = ["--replicaof", "127.0.0.1", `${first}`];
  const quick = ["--repl-diskless-sync-delay", "0"];
  const servers = [
    add(first, [...redisArgs(first, await ownFolder("first"), "log"), ...quick]),
    add(second, [...redisArgs(second, await ownFolder("second"), "log"), ...quick, ...replicaOf]),
  ];
  for (const server of servers) await server.start();

  const sentinels: RedisServer[] = [];
  for (let n = 0; n < SENTINELS; n++) {
    const port = await freePort();
    // A Sentinel stores its state in its configuration file.
    const file = join(await ownFolder(`sentinel-${n}`), "sentinel.conf");
    await writeFile(file, sentinelConf(port, first));
    sentinels.push(add(port, [file, "--sentinel"]));
  }
  await Promise.all(sentinels.map((sentinel) => sentinel.start()));

  const ask = async (sentinel: RedisServer | undefined, command: string) =>
    toObject((await sentinel?.call("SENTINEL", command, MASTER)) as unknown[]);
  const master = async () => {
    const { port } = await ask(sentinels[0], "MASTER");
    const found = servers.find((server) => server.port === Number(port));
    if (!found) throw new Error(`no server at port ${String(port)}`);
    return found;
  };
  const inSync = async () =>
    void (await until("a replica in sync", async () =>
      /slave0:.*state=online/.test(String(await (await master()).call("INFO", "replication"))),
    ));
  await until("every Sentinel to have found the replica and the others", async () => {
    const known = await Promise.all(sentinels.map((sentinel) => ask(sentinel, "MASTER")));
    return known.every(
      (each) => each["num-slaves"] === "1" && each["num-other-sentinels"] === `${SENTINELS - 1}`,
    );
  });
  await inSync();

  const promotedInsteadOf = async (old: RedisServer) =>
    void (await until("another master", async () => (await master()) !== old));
  const parts = starting.move();
  return {
    url: `redis-sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${MASTER}`,
    sentinels,
    master,
    inSync,
    promotedInsteadOf,
    demote: async () => {
      const old = await master();
      await until(
        "a failover",
        async () => (await sentinels[0]?.call("SENTINEL", "FAILOVER", MASTER)) === "OK",
      );
      await promotedInsteadOf(old);
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
};

const sentinelConf = (port: number, master: number) => `port ${port}
bind 127.0.0.1
sentinel monitor ${MASTER} 127.0.0.1 ${master} 2
sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER}
sentinel failover-timeout ${MASTER} 5000
`;

const toObject = (pairs: readonly unknown[]): Record<string, unknown> =>
  Object.fromEntries(
    pairs.flatMap((key, index) => (index % 2 === 0 ? [[String(key), pairs[index + 1]]] : [])),
  );
