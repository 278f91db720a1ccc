import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startPostgres } from "../../../scripts/postgres/embedded.ts";
import { freePort } from "../../../scripts/processes/ports.ts";
import { startRedisCluster } from "../../../scripts/processes/redis-cluster.ts";
import { migrate } from "../../../scripts/migrate.ts";
import { endLeakedProcesses } from "./leaks.ts";
import { startRedis } from "./redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The migrated database that every test database is a copy of. */
    templateUrl: string;
    /** The file that the database server writes its log to. */
    postgresLog: string;
    /** The URL of the Redis or Redis Cluster of this run. Undefined if PostgreSQL is the broker. */
    redisUrl: string | undefined;
  }
}

// Test data need not survive a crash.
const fast = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: 1_000 };

/** One PostgreSQL for the whole run, and a Redis with BROKER=redis, or a Redis Cluster with BROKER=redis-cluster. */
const setup = async ({ provide }: TestProject) => {
  const run = randomUUID();
  process.env["OFFSTAGE_TEST_RUN"] = run;
  const folder = await mkdtemp(join(tmpdir(), "offstage-test-"));

  const [postgres, redis] = await Promise.all([
    startPostgres({ folder: join(folder, "postgres"), port: await freePort(), settings: fast }),
    startBroker(folder),
  ]);
  await migrate({ databaseUrl: postgres.url, queueUrl: postgres.url });
  provide("templateUrl", postgres.url);
  provide("postgresLog", join(folder, "postgres.log"));
  provide("redisUrl", redis?.url);

  return async () => {
    await Promise.all([postgres.stop(), redis?.stop()]);
    await rm(folder, { recursive: true, force: true });
    await endLeakedProcesses(run);
  };
};

const startBroker = async (folder: string) => {
  if (process.env["BROKER"] === "redis") return startRedis(folder);
  if (process.env["BROKER"] !== "redis-cluster") return undefined;
  const cluster = await startRedisCluster();
  return { url: cluster.url, stop: () => cluster[Symbol.asyncDispose]() };
};

export default setup;
