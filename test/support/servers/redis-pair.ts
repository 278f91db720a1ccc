import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../scripts/processes/ports.ts";
import { createRedisServer, redisArgs } from "../../../scripts/processes/redis-server.ts";
import { until } from "../../../scripts/processes/until.ts";
import { createProxy } from "./proxy.ts";

/** A master and its replica, and an address that leads to the master until `moveAddress`. */
export const startMasterAndReplica = async () => {
  await using starting = new AsyncDisposableStack();
  const folder = starting.adopt(await mkdtemp(join(tmpdir(), "offstage-pair-")), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const start = async (...more: string[]) => {
    const port = await freePort();
    const server = createRedisServer(port, [...redisArgs(port, folder, "no log"), ...more]);
    starting.adopt(server, (each) => each.end("SIGKILL"));
    await server.start();
    return server;
  };
  const old = await start("--repl-diskless-sync-delay", "0");
  const promoted = await start("--replicaof", "127.0.0.1", `${old.port}`);
  await until("the replica is in sync", async () =>
    String(await promoted.call("INFO", "replication")).includes("master_link_status:up"),
  );
  let { port } = old;
  const address = starting.use(
    await createProxy(
      () => port,
      (chunk, client) => client.write(chunk),
    ),
  );
  const parts = starting.move();
  return {
    url: `redis://127.0.0.1:${address.port}`,
    old,
    swapRoles: async () => {
      await promoted.call("REPLICAOF", "NO", "ONE");
      await old.call("REPLICAOF", "127.0.0.1", `${promoted.port}`);
    },
    /** For new connections only: clients must close the old ones. */
    moveAddress: () => void ({ port } = promoted),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
};
