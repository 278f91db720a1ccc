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

/** The database servers for all measurements. PostgreSQL has its default durability. */
export interface Servers extends AsyncDisposable {
  /** Undefined if redis-server is not installed. */
  readonly redisUrl: string | undefined;
  /** The file that PostgreSQL writes its log into: each line begins with the name of the application. */
  readonly postgresLog: string;
  /** `redis` is null if redis-server is not installed. */
  readonly versions: { readonly postgres: string; readonly redis: string | null };
  /** Creates a migrated, empty database, so that earlier rounds have no effect. Disposing of it drops it. */
  createDatabase(): Promise<{ readonly url: string } & AsyncDisposable>;
}

/** Starts an empty PostgreSQL and, if redis-server is installed, an empty Redis, both on free ports. */
export const startServers = async (): Promise<Servers> => {
  await using cleanups = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "offstage-bench-"));
  cleanups.defer(() => rm(folder, { recursive: true }));
  const postgres = cleanups.adopt(
    await startPostgres({
      folder: join(folder, "postgres"),
      port: await freePort(),
      settings: { max_connections: 300, log_line_prefix: "%a " },
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
    postgresLog: `${join(folder, "postgres")}.log`,
    versions,
    createDatabase: () => copyDatabase(postgres.url),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** Resolves with false if the program is not installed. */
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
  await query(withDatabase(template, "postgres"), `CREATE DATABASE ${name} TEMPLATE offstage`);
  return {
    url: withDatabase(template, name),
    [Symbol.asyncDispose]: async () => {
      await query(withDatabase(template, "postgres"), `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
};

/** The URL with another database name. */
const withDatabase = (url: string, database: string) =>
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
