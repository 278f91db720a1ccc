import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase, type Database } from "../../../infra/database.ts";
import { openBroker, type Broker, type Log } from "../../../workers/core/index.ts";
import type { Servers } from "../servers.ts";

export type BrokerKind = "postgres" | "redis";

/** An empty database and an empty broker, opened as the API and the workers open theirs. */
export interface Stores extends AsyncDisposable {
  readonly database: Database;
  readonly broker: Broker;
  /** The variables with which another process uses the same stores. */
  readonly env: { DATABASE_URL: string; QUEUE_URL: string; QUEUE_PREFIX: string };
}

/** The size of the connection pool: large enough that no statement waits for a connection. */
const CONNECTIONS = 32;

export const openStores = async (servers: Servers, kind: BrokerKind): Promise<Stores> => {
  await using cleanups = new AsyncDisposableStack();
  const { url } = cleanups.use(await servers.createDatabase());
  const stores = cleanups.use(
    await connectStores({
      DATABASE_URL: url,
      QUEUE_URL: kind === "redis" ? (servers.redisUrl ?? "") : url,
      QUEUE_PREFIX: `bench-${randomUUID()}`,
    }),
  );

  const owned = cleanups.move();
  return { ...stores, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};

/** Connects to existing stores. Resolves when the broker responds. Closing them does not drop the database. */
export const connectStores = async (env: Stores["env"]): Promise<Stores> => {
  await using cleanups = new AsyncDisposableStack();
  const database = cleanups.adopt(openDatabase(env.DATABASE_URL, CONNECTIONS, ignore), (each) =>
    each.close(),
  );
  const broker = cleanups.adopt(openBroker(env.QUEUE_URL, env.QUEUE_PREFIX, ignore), (each) => each.close());
  while (!(await broker.ping().then(() => true, ignore))) await sleep(10);

  const owned = cleanups.move();
  return { database, broker, env, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};

const ignore = () => {};

/** Discards the log messages of core. */
export const silent: Log = { info: ignore, warn: ignore, error: ignore };

/** Returns a function that calls `run` with new, empty stores, or undefined if Redis is needed but not installed. */
export const onFreshStores = (
  servers: Servers,
  kind: BrokerKind,
  run: (stores: Stores) => Promise<number>,
): (() => Promise<number>) | undefined => {
  if (kind === "redis" && !servers.redisUrl) return undefined;
  return async () => {
    await using stores = await openStores(servers, kind);
    return await run(stores);
  };
};
