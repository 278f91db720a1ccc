import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, it } from "vitest";
import { createThrottle } from "../../infra/throttle.ts";
import { connectRedis } from "../../workers/core/index.ts";
import { insertJob } from "../support/core/insert-job.ts";
import { chore } from "../../scripts/chaos/jobs.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { startRedisCluster } from "../../scripts/processes/redis-cluster.ts";
import { startWatchedRedis, type WatchedRedis } from "../../scripts/processes/redis-sentinel.ts";
import { createRedisServer, redisArgs } from "../../scripts/processes/redis-server.ts";
import { until } from "../../scripts/processes/until.ts";
import { expectAllDoneOnce, untilAllOver } from "../support/chaos/checks.ts";
import { createProxy } from "../support/servers/proxy.ts";
import { createSystem, type System } from "../support/chaos/system.ts";

/** Milliseconds until clients use a master that was promoted. */
const FOLLOWS_WITHIN = 15_000;

/** Milliseconds until they use a node that was started again, which first reads its data and rejoins the cluster. */
const REJOINS_WITHIN = 60_000;

/** Chores at a steady rate, some long enough to be running when the master goes. */
const startLoad = ({ sql }: System) => {
  const asked: Promise<string>[] = [];
  const timer = setInterval(() => asked.push(insertJob(sql, chore, { ms: (asked.length % 10) * 300 })), 50);
  return {
    stop: () => {
      clearInterval(timer);
      return Promise.all(asked);
    },
  };
};

/** Resolves when a job that was enqueued now has started. */
const untilNewJobStarts = async ({ sql }: System, within: number) => {
  const id = await insertJob(sql, chore, {});
  const started = `SELECT FROM "ChoreStarted" WHERE id = $1`;
  await until("a new job starts", async () => (await sql(started, [id])).length > 0, within);
};

const countWithThrottle = (url: string) => {
  const errors: Error[] = [];
  const throttle = createThrottle(
    url,
    "test",
    () => Promise.reject(new Error("unused")),
    (error) => {
      errors.push(error);
    },
  );
  const limit = { name: "failover", times: 1, seconds: 600 };
  return {
    isCounting: async (whom: string) => {
      await throttle.hit(limit, whom);
      return (await throttle.hit(limit, whom)) > 0;
    },
    [Symbol.dispose]: () => throttle.close(),
  };
};

const kill = async ({ master, promotedInsteadOf }: WatchedRedis) => {
  const old = await master();
  await old.end("SIGKILL");
  await promotedInsteadOf(old);
};

const freeze = async ({ master, promotedInsteadOf }: WatchedRedis) => {
  const old = await master();
  old.freeze();
  await promotedInsteadOf(old);
};

const survives = async (queueUrl: string, failOver: () => Promise<unknown>, within = FOLLOWS_WITHIN) => {
  await using system = await createSystem({ queueUrl });
  await Promise.all([system.startChoreWorker(), system.startChoreWorker(), system.startWorker()]);
  using throttle = countWithThrottle(queueUrl);
  await until("the throttle counts", () => throttle.isCounting("before"));
  const load = startLoad(system);
  await untilNewJobStarts(system, 60_000);

  // With jobs that run and jobs that wait.
  await failOver();
  const promoted = performance.now();
  await untilNewJobStarts(system, within);
  await until("the throttle counts again", () => throttle.isCounting("after"), within);
  expect(performance.now() - promoted).toBeLessThan(within);

  await sleep(2_000);
  await load.stop();
  await untilAllOver(system);
  await expectAllDoneOnce(system);
};

/** A master and its replica. */
const startPair = async () => {
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
  await until("a replica in sync", async () =>
    String(await promoted.call("INFO", "replication")).includes("master_link_status:up"),
  );
  const parts = starting.move();
  return { old, promoted, [Symbol.asyncDispose]: () => parts.disposeAsync() };
};

const redisCases = () =>
  describe.concurrent("nothing is lost, and new jobs start within 15 s, when", { timeout: 600_000 }, () => {
    it("the master of Sentinels dies", async () => {
      await using redis = await startWatchedRedis();
      await survives(redis.url, () => kill(redis));
    });

    it("the master of Sentinels freezes", async () => {
      await using redis = await startWatchedRedis();
      await survives(redis.url, () => freeze(redis));
    });

    it("the master of Sentinels is demoted", async () => {
      await using redis = await startWatchedRedis();
      await survives(redis.url, redis.demote);
    });

    it("the one Redis behind an address becomes a replica", async () => {
      await using servers = await startPair();
      const { old, promoted } = servers;
      let port = old.port;
      await using proxy = await createProxy(
        () => port,
        (chunk, client) => client.write(chunk),
      );
      await survives(`redis://127.0.0.1:${proxy.port}`, async () => {
        await promoted.call("REPLICAOF", "NO", "ONE");
        port = promoted.port; // for new connections only: clients must leave the old one
        await old.call("REPLICAOF", "127.0.0.1", `${port}`);
      });
    });

    // Longer than BullMQ waits for an answer before it connects again.
    it("a node of a cluster dies for 10 s", async () => {
      await using cluster = await startRedisCluster();
      const node = await cluster.nodeOf("test");
      await survives(
        cluster.url,
        async () => {
          await node.end("SIGKILL");
          await sleep(10_000);
          await node.start();
        },
        REJOINS_WITHIN,
      );
    });
  });

const sentinelCases = () =>
  it("a client that quits keeps no connection to a Sentinel", async () => {
    await using redis = await startWatchedRedis();
    const subscribers = async () => {
      const lists = await Promise.all(redis.sentinels.map((each) => each.call("CLIENT", "LIST")));
      return lists.join("").split("cmd=subscribe").length - 1;
    };
    const client = connectRedis(redis.url, {}, () => {});
    await until("two Sentinels report to the client", async () => (await subscribers()) === 2);
    await client.quit();
    await until("no Sentinel reports to it", async () => (await subscribers()) === 0, 10_000);
  });

// Declared for the broker of this run, rather than skipped for the other.
if (inject("redisUrl")) {
  redisCases();
  sentinelCases();
}
