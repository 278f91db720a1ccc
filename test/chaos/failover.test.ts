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
import { expectAllDoneOnce, untilAllFinished } from "../support/chaos/checks.ts";
import { createProxy } from "../support/servers/proxy.ts";
import { createSystem, type System } from "../support/chaos/system.ts";

/** The maximum number of milliseconds until clients use a promoted master. */
const FAILOVER_WITHIN = 15_000;

/** The same for a restarted node, which first loads its data and rejoins the cluster. */
const REJOIN_WITHIN = 60_000;

/** Enqueues chores at a steady rate. Some take long enough to be running when the master fails. */
const startLoad = ({ sql }: System) => {
  const enqueued: Promise<string>[] = [];
  const timer = setInterval(
    () => enqueued.push(insertJob(sql, chore, { ms: (enqueued.length % 10) * 300 })),
    50,
  );
  return {
    stop: () => {
      clearInterval(timer);
      return Promise.all(enqueued);
    },
  };
};

/** Enqueues a job, and resolves when it has started. */
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
    isCounting: async (key: string) => {
      await throttle.hit(limit, key);
      return (await throttle.hit(limit, key)) > 0;
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

const survives = async (queueUrl: string, failOver: () => Promise<unknown>, within = FAILOVER_WITHIN) => {
  await using system = await createSystem({ queueUrl });
  await Promise.all([system.startChoreWorker(), system.startChoreWorker(), system.startWorker()]);
  using throttle = countWithThrottle(queueUrl);
  await until("the throttle counts", () => throttle.isCounting("before"));
  const load = startLoad(system);
  await untilNewJobStarts(system, 60_000);

  // Some jobs are running now, and others are waiting.
  await failOver();
  const promoted = performance.now();
  await untilNewJobStarts(system, within);
  await until("the throttle counts again", () => throttle.isCounting("after"), within);
  expect(performance.now() - promoted).toBeLessThan(within);

  await sleep(2_000);
  await load.stop();
  await untilAllFinished(system);
  await expectAllDoneOnce(system);
};

/** A master and its replica. */
const startMasterAndReplica = async () => {
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
  const parts = starting.move();
  return { old, promoted, [Symbol.asyncDispose]: () => parts.disposeAsync() };
};

const redisCases = () =>
  describe.concurrent("no job is lost, and new jobs start again, when", { timeout: 600_000 }, () => {
    it("the master behind Sentinels dies", async () => {
      await using redis = await startWatchedRedis();
      await survives(redis.url, () => kill(redis));
    });

    it("the master behind Sentinels freezes", async () => {
      await using redis = await startWatchedRedis();
      await survives(redis.url, () => freeze(redis));
    });

    it("the master behind Sentinels is demoted", async () => {
      await using redis = await startWatchedRedis();
      await survives(redis.url, redis.demote);
    });

    it("the address of a Redis moves to another master, and the old one becomes a replica", async () => {
      await using servers = await startMasterAndReplica();
      const { old, promoted } = servers;
      let port = old.port;
      await using proxy = await createProxy(
        () => port,
        (chunk, client) => client.write(chunk),
      );
      await survives(`redis://127.0.0.1:${proxy.port}`, async () => {
        await promoted.call("REPLICAOF", "NO", "ONE");
        port = promoted.port; // for new connections only: clients must close the old ones
        await old.call("REPLICAOF", "127.0.0.1", `${port}`);
      });
    });

    // Longer than BullMQ waits for a reply before it reconnects.
    it("a cluster node is down for 10 s", async () => {
      await using cluster = await startRedisCluster();
      const node = await cluster.nodeOf("test");
      await survives(
        cluster.url,
        async () => {
          await node.end("SIGKILL");
          await sleep(10_000);
          await node.start();
        },
        REJOIN_WITHIN,
      );
    });
  });

const sentinelCases = () =>
  it("a client that quits closes its connections to the Sentinels", async () => {
    await using redis = await startWatchedRedis();
    const subscribers = async () => {
      const lists = await Promise.all(redis.sentinels.map((each) => each.call("CLIENT", "LIST")));
      return lists.join("").split("cmd=subscribe").length - 1;
    };
    const client = connectRedis(redis.url, {}, () => {});
    await until("the client subscribes to two Sentinels", async () => (await subscribers()) === 2);
    await client.quit();
    await until("the client has no subscription", async () => (await subscribers()) === 0, 10_000);
  });

// Only the cases for this run's broker are declared, so that no test is reported as skipped.
if (inject("redisUrl")) {
  redisCases();
  sentinelCases();
}
