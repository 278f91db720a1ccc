import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import { connectRedis, isRedisUrl, keyPrefix } from "../../../workers/core/index.ts";

/**
 * The broker that BROKER chooses, with no jobs in it: a database of a Redis, keys of a Redis Cluster, or the test's
 * PostgreSQL database. The prefix is that of the keys.
 */
export const testBroker = async (databaseUrl: string): Promise<{ url: string; prefix: string }> => {
  const redisUrl = inject("redisUrl");
  const url = redisUrl?.startsWith("redis:") ? await emptyRedisDatabase(redisUrl) : (redisUrl ?? databaseUrl);
  const prefix = `test-${randomUUID()}`;
  return { url, prefix: isRedisUrl(url) ? keyPrefix(url, prefix) : prefix };
};

/** Numbered databases, so that a test can flush its own. A cluster has only one. */
const emptyRedisDatabase = async (redisUrl: string) => {
  const client = connectRedis(redisUrl, {}, () => {});
  const number = await client.incr("last-test-database");
  client.disconnect();
  return `${redisUrl}/${number}`;
};
