import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { createRedis } from "../processes/stores.ts";
import { startPostgres } from "../postgres/embedded.ts";
import { migrate } from "../migrate.ts";
import { freePort } from "../processes/ports.ts";

/** The stores that everything here is measured on, as durable as PostgreSQL is by default. */
export interface Servers extends AsyncDisposable {
  /** Absent where there is no redis-server. */
  readonly redisUrl: string | undefined;
  readonly versions: { readonly postgres: string; readonly redis: string | null };
  /** Migrated and empty, so that no round pays for the one before. It is dropped when it is disposed of. */
  createDatabase(): Promise<{ readonly url: string } & AsyncDisposable>;
}

/** Starts a PostgreSQL and, where the machine has one, a Redis: both on free ports and without a past. */
export const startServers = async (): Promise<Servers> => {
  await using cleanups = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "offstage-bench-"));
  cleanups.defer(() => rm(folder, { recursive: true }));
  const postgres = cleanups.adopt(
    await startPostgres({
      folder: join(folder, "postgres"),
      port: await freePort(),
      settings: { max_connections: 300 },
    }),
    (each) => each.stop(),
  );
  await migrate({ databaseUrl: postgres.url, queueUrl: postgres.url });
  const redis = cleanups.use(await createRedis("empty"));
  const redisUrl = (await isStarted(redis.start())) ? redis.url : undefined;
  const versions = {
    postgres: await postgresVersion(postgres.url),
    redis: redisUrl ? await redisVersion(redisUrl) : null,
  };

  const owned = cleanups.move();
  return {
    redisUrl,
    versions,
    createDatabase: () => copyDatabase(postgres.url),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const isStarted = (starting: Promise<void>): Promise<boolean> =>
  starting.then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );

const copyDatabase = async (template: string) => {
  const name = `bench_${randomUUID().replaceAll("-", "")}`;
  await query(besides(template, "postgres"), `CREATE DATABASE ${name} TEMPLATE offstage`);
  return {
    url: besides(template, name),
    [Symbol.asyncDispose]: async () => {
      await query(besides(template, "postgres"), `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
};

const besides = (url: string, database: string) =>
  Object.assign(new URL(url), { pathname: `/${database}` }).href;

const postgresVersion = async (url: string) => {
  const [row] = await query<{ server_version: string }>(url, "SHOW server_version");
  return row?.server_version ?? "?";
};

const redisVersion = async (url: string) => {
  const client = new Redis(url);
  const info = await client.info("server");
  client.disconnect();
  return /redis_version:(\S+)/.exec(info)?.[1] ?? "?";
};

const query = async <Row extends object>(url: string, text: string): Promise<Row[]> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
};
