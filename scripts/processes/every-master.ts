import type { Redis } from "ioredis";
import { connectRedis, mastersOf } from "../../workers/core/index.ts";

/** Asks a Redis, or every master of a Redis Cluster, and resolves with their results. */
export const askEveryMaster = async <Result>(
  url: string,
  ask: (master: Redis) => Promise<Result>,
): Promise<Result[]> => {
  const client = connectRedis(url, {}, () => {});
  try {
    await client.get("any"); // a cluster's client has its masters only once it is connected
    return await Promise.all(mastersOf(client).map(ask));
  } finally {
    client.disconnect();
  }
};
