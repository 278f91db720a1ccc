import { emptyTables } from "../../infra/empty-broker.ts";
import type { Sql } from "../../workers/core/index.ts";
import { askEveryMaster } from "../processes/every-master.ts";
import { until } from "../processes/until.ts";

/** Drops the schema of the PostgreSQL broker with its tables. Retries: a deadlock with live traffic may end it. */
export const dropTables = (sql: Sql): Promise<void> =>
  until("the schema is dropped", () => sql("DROP SCHEMA IF EXISTS bullmq CASCADE", []).then(() => true)).then(
    () => {},
  );

/** Deletes every key of a Redis, or of every master of a Redis Cluster. */
export const flush = async (redisUrl: string): Promise<void> =>
  void (await askEveryMaster(redisUrl, (master) => master.flushdb()));

/** Deletes all data of the broker at `QUEUE_URL`: every key of Redis, or every row of the PostgreSQL broker. */
export const emptyBroker = async ({ env, sql }: { env: Record<string, string>; sql: Sql }): Promise<void> => {
  const url = env["QUEUE_URL"] ?? "";
  await (url.startsWith("redis") ? flush(url) : emptyTables(sql));
};
