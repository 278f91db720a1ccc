import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { connectRedis, isRedisUrl, keyPrefix, mastersOf, type Sql } from "../workers/core/index.ts";

/**
 * Deletes everything that the broker holds: in Redis the keys of the prefix, on every master of a cluster; in
 * PostgreSQL the jobs and all about them. Resolves with the number of jobs that it held.
 */
export const emptyBroker = (queueUrl: string, queuePrefix: string): Promise<number> =>
  isRedisUrl(queueUrl) ? emptyRedis(queueUrl, keyPrefix(queueUrl, queuePrefix)) : emptyPostgres(queueUrl);

const emptyRedis = async (url: string, prefix: string): Promise<number> => {
  const client = connectRedis(url, { failAfter: 10_000 }, () => {}); // the current command rejects too
  try {
    await untilConnected(client);
    const held = await Promise.all(mastersOf(client).map((master) => master.eval(DELETE_KEYS, 0, prefix)));
    return held.reduce<number>((sum, count) => sum + Number(count), 0);
  } finally {
    client.disconnect();
  }
};

/** A cluster's client knows its masters only then, and one that fails soon does not wait for its connection. */
const untilConnected = async (client: ReturnType<typeof connectRedis>): Promise<void> => {
  for (let tries = 1; client.status !== "ready"; tries++) {
    if (tries > 100) throw Object.assign(new Error("Redis cannot be reached"), { code: "ETIMEDOUT" });
    await sleep(50);
  }
};

// In one step, because BullMQ cannot handle an id in a list whose job is gone. A job's key ends in its id and epoch.
const DELETE_KEYS = `
  local held = 0
  local keys = redis.call('KEYS', ARGV[1] .. ':*')
  for _, key in ipairs(keys) do
    if string.match(key, ':%x+%-%x+%-%x+%-%x+%-%x+%-%d+$') then held = held + 1 end
    redis.call('UNLINK', key)
  end
  return held`;

const emptyPostgres = async (url: string): Promise<number> => {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
  });
  client.on("error", () => {}); // the current statement rejects too
  await client.connect();
  try {
    const sql: Sql = async (text, values) => (await client.query(text, [...values])).rows;
    return await emptyTables(sql, KEPT);
  } finally {
    await client.end();
  }
};

/** Without them, the next check of the broker makes its schema anew, and what was published meanwhile is lost again. */
const KEPT = ["migration", "job_seq"];

/** Deletes all rows of BullMQ's tables, apart from `kept`. Resolves with the number of jobs, counted shortly before. */
export const emptyTables = async (sql: Sql, kept: readonly string[] = []): Promise<number> => {
  const [found] = await sql<{ names: string | null }>(
    `SELECT string_agg(format('bullmq.%I', tablename), ', ') AS names FROM pg_tables
     WHERE schemaname = 'bullmq' AND tablename <> ALL ($1)`,
    [kept],
  );
  if (!found?.names) return 0;
  const [held] = await sql<{ jobs: number }>(
    String.raw`SELECT count(*)::int AS jobs FROM bullmq.job WHERE id ~ '^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}-\d+$'`,
    [],
  );
  await truncate(sql, found.names);
  return held?.jobs ?? 0;
};

/** PostgreSQL may end the statement to resolve a deadlock with live traffic, which has to go on. */
const truncate = async (sql: Sql, names: string, tries = 1): Promise<void> => {
  try {
    await sql(`TRUNCATE ${names}`, []);
  } catch (error) {
    if (tries === 10 || !(error instanceof pg.DatabaseError) || error.code !== DEADLOCK) throw error;
    await truncate(sql, names, tries + 1);
  }
};

const DEADLOCK = "40P01";
