import {
  createPostgresBackend,
  MIGRATION_ADVISORY_LOCK_KEY,
  runMigrations,
  type BackendFactory,
  type ConnectionOptions,
} from "bullmq";
import pg from "pg";
import { PostgresPool } from "./postgres.ts";

/** Where BullMQ keeps its tables when the broker is PostgreSQL. */
const SCHEMA = "bullmq";

/** Seconds until an idle consumer of a PostgreSQL broker polls for jobs, if it receives no notification. */
const POLL = 5;

/** PostgreSQL's code for a table that does not exist: the schema is new, or was dropped. */
const UNDEFINED_TABLE = "42P01";

// BullMQ polls in addition to the server's notifications, but after an outage only once an hour. A job whose
// notification was missed would wait as long.
const watchfulPostgresBackend: typeof createPostgresBackend = (...args) =>
  Object.defineProperty(createPostgresBackend(...args), "maximumBlockTimeout", { value: POLL });

/** What `openBroker` needs of a PostgreSQL. */
export const postgresConnections = (url: string, onError: (error: Error) => void) => {
  const pool = new PostgresPool(
    {
      connectionString: url,
      application_name: "offstage-broker",
      max: 10,
      connectionTimeoutMillis: 5_000,
      query_timeout: 30_000, // for a server that hangs; 500 jobs at once take a second
    },
    // The broker need not be durable, because the ledger is.
    { search_path: SCHEMA, synchronous_commit: "off" },
    onError,
  );
  pool.setMaxListeners(0);
  // BullMQ takes a pool where its types, made for Redis, ask for a client.
  const connection = pool as unknown as ConnectionOptions;
  return {
    producer: connection,
    consumer: () => {
      pool.options.max += 1; // each consumer keeps one for LISTEN
      return connection;
    },
    memory: async () => [],
    pool: () => pool.state,
    backend: watchfulPostgresBackend as unknown as BackendFactory,
    ping: async () => {
      await pool.checkWritable();
      const usable = await pool.query(`SELECT FROM ${SCHEMA}.migration, ${SCHEMA}.job_seq LIMIT 1`).then(
        ({ rowCount }) => rowCount === 1,
        (error: unknown) => {
          if (error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE) return false;
          throw error;
        },
      );
      if (!usable) await migratePostgresBroker(url);
    },
    close: () => pool.end(),
  };
};

// BullMQ cannot migrate tables if its migration history was emptied with them. One statement is one transaction. BullMQ
// takes the same lock when it migrates.
const DROP_IF_EMPTIED = `DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(${MIGRATION_ADVISORY_LOCK_KEY}, hashtext('${SCHEMA}'));
  IF to_regclass('${SCHEMA}.job') IS NOT NULL THEN
    IF NOT EXISTS (SELECT FROM ${SCHEMA}.migration) THEN DROP SCHEMA ${SCHEMA} CASCADE; END IF;
  END IF;
END $$`;

/** Creates or updates BullMQ's schema in a PostgreSQL database. Several processes may call it at once, and again. */
export const migratePostgresBroker = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {}); // the current statement rejects too
  await client.connect();
  try {
    await client.query(DROP_IF_EMPTIED);
    await runMigrations(client, SCHEMA);
  } finally {
    await client.end();
  }
};
