import type { Sql } from "../../workers/core/index.ts";
import { askEveryMaster } from "../processes/every-master.ts";
import { until } from "../processes/until.ts";

const truncate = `DO $$ BEGIN
  EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('bullmq.%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'bullmq');
END $$`;

/** Retries until the statement succeeds, because PostgreSQL may abort it to resolve a deadlock with live traffic. */
const retry = async (sql: Sql, statement: string) =>
  void (await until(statement.slice(0, 40), () => sql(statement, []).then(() => true)));

/** Truncates every table of the PostgreSQL broker. */
export const emptyTables = (sql: Sql): Promise<void> => retry(sql, truncate);

/** Drops the schema of the PostgreSQL broker, including its tables. */
export const dropTables = (sql: Sql): Promise<void> => retry(sql, "DROP SCHEMA IF EXISTS bullmq CASCADE");

/** Deletes every key of a Redis, or of every master of a Redis Cluster. */
export const flush = async (redisUrl: string): Promise<void> =>
  void (await askEveryMaster(redisUrl, (master) => master.flushdb()));

/** Deletes all data of the broker at `QUEUE_URL`: every key of Redis, or every row of the PostgreSQL broker. */
export const emptyBroker = ({ env, sql }: { env: Record<string, string>; sql: Sql }): Promise<void> => {
  const url = env["QUEUE_URL"] ?? "";
  return url.startsWith("redis") ? flush(url) : emptyTables(sql);
};
