import type { Sql } from "../../workers/core/index.ts";
import { askEveryMaster } from "../processes/every-master.ts";
import { until } from "../processes/until.ts";

const truncate = `DO $$ BEGIN
  EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('bullmq.%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'bullmq');
END $$`;

/** Again until it is done: next to live traffic, either side may be the one that a deadlock ends. */
const insist = async (sql: Sql, statement: string) =>
  void (await until(statement.slice(0, 40), () => sql(statement, []).then(() => true)));

/** Takes everything from the tables of a broker that is PostgreSQL. */
export const emptyTables = (sql: Sql): Promise<void> => insist(sql, truncate);

/** Takes its tables too. */
export const dropTables = (sql: Sql): Promise<void> => insist(sql, "DROP SCHEMA IF EXISTS bullmq CASCADE");

/** Takes everything from a Redis, or from every master of a cluster. */
export const flush = async (redisUrl: string): Promise<void> =>
  void (await askEveryMaster(redisUrl, (master) => master.flushdb()));

/** Takes everything from a system's broker. */
export const emptyBroker = ({ env, sql }: { env: Record<string, string>; sql: Sql }): Promise<void> => {
  const url = env["QUEUE_URL"] ?? "";
  return url.startsWith("redis") ? flush(url) : emptyTables(sql);
};
