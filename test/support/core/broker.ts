import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { inject } from "vitest";

/** The broker that BROKER chooses, with nothing in it: a Redis database of its own, or the test's PostgreSQL database. */
export const testBroker = async (databaseUrl: string): Promise<{ url: string; prefix: string }> => {
  const redisUrl = inject("redisUrl");
  return { url: redisUrl ? await emptyRedisDatabase(redisUrl) : databaseUrl, prefix: `test-${randomUUID()}` };
};

/** Numbered databases, so that a test can flush its own. */
const emptyRedisDatabase = async (redisUrl: string) => {
  const client = new Redis(redisUrl);
  const number = await client.incr("last-test-database");
  client.disconnect();
  return `${redisUrl}/${number}`;
};
