import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { createRedisServer, redisArgs, type RedisServer } from "./redis-server.ts";
import { until } from "./until.ts";

const SLOTS = 16_384;
const MASTERS = 3;

/** Milliseconds without a reply after which the nodes agree that one has failed. */
const NODE_TIMEOUT = 2_000;

export interface RedisCluster extends AsyncDisposable {
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** The node that holds every key with this hash tag. */
  nodeOf(tag: string): Promise<RedisServer>;
}

/** Three masters without replicas, each of which starts again with every acknowledged write. */
export const startRedisCluster = async (): Promise<RedisCluster> => {
  await using starting = new AsyncDisposableStack();
  const folder = starting.adopt(await mkdtemp(join(tmpdir(), "offstage-cluster-")), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const nodes: RedisServer[] = [];
  const busPorts: number[] = [];
  for (let n = 0; n < MASTERS; n++) {
    const own = join(folder, `${n}`);
    await mkdir(own);
    const port = await freePort();
    // The default is 10,000 higher, in the range from which clients get their ports.
    const busPort = await freePort();
    const settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", `${NODE_TIMEOUT}`];
    const args = [...redisArgs(port, own, "log"), "--cluster-port", `${busPort}`, ...settings];
    nodes.push(starting.adopt(createRedisServer(port, args), (each) => each.end("SIGKILL")));
    busPorts.push(busPort);
  }
  await Promise.all(nodes.map((node) => node.start()));
  await joinNodes(nodes, busPorts);
  const parts = starting.move();
  return {
    url: `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    nodes,
    nodeOf: async (tag) => {
      const [first] = nodes as [RedisServer];
      const slot = Number(await first.call("CLUSTER", "KEYSLOT", `{${tag}}`));
      return nodes.findLast((_, n) => slot >= firstSlot(n)) ?? first;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
};

const firstSlot = (n: number) => Math.ceil((n * SLOTS) / MASTERS);

/** Gives each node its share of the slots. Resolves when every node sees all of them served. */
const joinNodes = async (nodes: readonly RedisServer[], busPorts: readonly number[]) => {
  for (const [n, node] of nodes.entries()) {
    await node.call("CLUSTER", "ADDSLOTSRANGE", `${firstSlot(n)}`, `${firstSlot(n + 1) - 1}`);
    await node.call("CLUSTER", "SET-CONFIG-EPOCH", `${n + 1}`);
  }
  for (const [n, { port }] of nodes.entries())
    await nodes[0]?.call("CLUSTER", "MEET", "127.0.0.1", `${port}`, `${busPorts[n]}`);
  for (const node of nodes) {
    await until("a cluster that serves every slot", async () => {
      const info = String(await node.call("CLUSTER", "INFO"));
      return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${MASTERS}`);
    });
  }
};
