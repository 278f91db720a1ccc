import { createHash } from "node:crypto";
import pg from "pg";
import { type Log, type Sql, throttledWarn } from "../workers/core/index.ts";

/** The channel in PostgreSQL on which workers hear that they shall kill themselves. */
const CHANNEL = "offstage_kill";

/** Milliseconds until a lost connection is opened again, and between two checks of an open one. */
const RETRY = 1_000;
const CHECK = 5_000;

interface Listener {
  close(): Promise<void>;
}

interface ListenOptions {
  readonly databaseUrl: string;
  readonly worker: string;
  readonly log: Log;
  /** Called when this worker is named. */
  die(): Promise<unknown>;
}

/**
 * Listens for orders to kill this worker, on a connection of its own, which is opened again when it is lost. An order
 * names a worker by its id, which is meaningless to other systems and later processes; a process id could be reused.
 */
export const listenForKill = ({ databaseUrl, worker, log, die }: ListenOptions): Listener => {
  const warn = throttledWarn(log, "kill orders: not listening");
  const closing = new AbortController();
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;

  const listen = async (): Promise<void> => {
    const opened = openClient(databaseUrl, worker);
    client = opened;
    opened.on("notification", ({ payload }) => {
      if (payload === worker) void die();
    });
    const checks = setInterval(() => void endIfUseless(opened), CHECK);
    opened.once("end", () => {
      clearInterval(checks);
      if (!closing.signal.aborted) retry = setTimeout(() => void listen(), RETRY);
    });
    try {
      await opened.connect();
      await opened.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      warn(error as Error);
      await opened.end().catch(() => {}); // emits `end`
    }
  };
  const listening = listen();

  return {
    close: async () => {
      closing.abort();
      clearTimeout(retry);
      await listening;
      await client?.end().catch(() => {}); // it has ended
    },
  };
};

/** After a failover, a connection may lead to the former primary, where no order arrives any more. */
const endIfUseless = async (client: pg.Client): Promise<void> => {
  const isPrimary = await client.query("SHOW transaction_read_only").then(
    ({ rows }) => rows[0]?.transaction_read_only === "off",
    () => false,
  );
  if (!isPrimary) await client.end().catch(() => {}); // it has ended
};

const openClient = (connectionString: string, worker: string): pg.Client => {
  const client = new pg.Client({
    connectionString,
    application_name: listenerOf(worker),
    connectionTimeoutMillis: 3_000,
    query_timeout: 3_000,
    keepAlive: true,
  });
  client.on("error", () => {}); // followed by `end`
  return client;
};

/** Short enough for PostgreSQL, which cuts names after 63 bytes. A worker's id contains the name of its host. */
const listenerOf = (worker: string): string =>
  `offstage-kill-orders ${createHash("sha1").update(worker).digest("hex").slice(0, 16)}`;

/** Sends the order. Resolves with false if no worker with this id listens. */
export const orderKill = async (sql: Sql, worker: string): Promise<boolean> => {
  const heard = await sql(
    `SELECT pg_notify('${CHANNEL}', $1) FROM pg_stat_activity
     WHERE application_name = $2 AND datname = current_database() LIMIT 1`,
    [worker, listenerOf(worker)],
  );
  return heard.length > 0;
};
