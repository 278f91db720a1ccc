import type { Redis } from "ioredis";
import type { Sql } from "../../../workers/core/index.ts";
import { askEveryMaster } from "../../../scripts/processes/every-master.ts";

/** The broker's whole content, as text. */
export const brokerContent = (queueUrl: string, sql: Sql): Promise<string> =>
  queueUrl.startsWith("redis") ? redisContent(queueUrl) : tablesContent(sql, "bullmq");

/** Every row of every table of a schema, as text. */
export const tablesContent = async (sql: Sql, schema: string): Promise<string> => {
  const tables = await sql<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = $1`,
    [schema],
  );
  const contents = tables.map(({ name }) => sql<object>(`SELECT * FROM "${schema}"."${name}"`, []));
  return JSON.stringify(await Promise.all(contents), (_key, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
};

const redisContent = async (url: string) => JSON.stringify((await askEveryMaster(url, serverContent)).flat());

const serverContent = async (redis: Redis) => {
  const read: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => redis.get(key),
    hash: (key) => redis.hgetall(key),
    list: (key) => redis.lrange(key, 0, -1),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrange(key, 0, "-1"),
    stream: (key) => redis.xrange(key, "-", "+"),
  };
  const keys = await redis.keys("*");
  return Promise.all(keys.map(async (key) => [key, await read[await redis.type(key)]?.(key)]));
};
