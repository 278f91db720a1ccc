import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import { connectRedis, isRedisUrl, keyPrefix } from "../../../workers/core/index.ts";

/**
 * An empty broker of the kind that BROKER selects: a Redis database, a key prefix in a Redis Cluster, or the test's
 * PostgreSQL database.
 */
export const testBroker = async (databaseUrl: string): Promise<{ url: string; prefix: string }> => {
  const redisUrl = inject("redisUrl");
  const url = redisUrl?.startsWith("redis:") ? await emptyRedisDatabase(redisUrl) : (redisUrl ?? databaseUrl);
  const prefix = `test-${randomUUID()}`;
  return { url, prefix: isRedisUrl(url) ? keyPrefix(url, prefix) : prefix };
};

/** Each test has its own database, which it can flush. A cluster has only one database. */
const emptyRedisDatabase = async (redisUrl: string) => {
  const client = connectRedis(redisUrl, {}, () => {});
  const number = await client.incr("last-test-database");
  client.disconnect();
  return `${redisUrl}/${number}`;
};
