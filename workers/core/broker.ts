import {
  createPostgresBackend,
  createRedisBackend,
  MIGRATION_ADVISORY_LOCK_KEY,
  Queue,
  runMigrations,
  Worker,
  type BackendFactory,
  type ConnectionOptions,
  type IQueueBackend,
  type Processor,
  type WorkerOptions,
} from "bullmq";
import type { Redis } from "ioredis";
import pg from "pg";
import { PostgresPool } from "./postgres.ts";
import { connectRedis, keyPrefix, mastersOf, type RedisClient } from "./redis.ts";
import { isRedisUrl } from "./redis-url.ts";

/** Where BullMQ keeps its tables when the broker is PostgreSQL. */
const SCHEMA = "bullmq";

/** Seconds until an idle consumer of a PostgreSQL broker polls for jobs, if it receives no notification. */
const POLL = 5;

/** PostgreSQL's code for a table that does not exist: the schema is new, or was dropped. */
const UNDEFINED_TABLE = "42P01";

/** The name of a queue that no job can have. */
const MARKS = "_marks";

type Processing = Omit<WorkerOptions, "connection" | "prefix" | "skipWaitingForReady">;

type AnyQueue = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend>;
type AnyWorker = Worker<unknown, unknown, string, IQueueBackend>;

/** The engine that distributes work. It may lose everything, because the ledger can publish every job again. */
export interface Broker {
  /**
   * Rejects while the broker is unavailable or, on Redis, refuses writes (it is a replica, or full, or cannot save),
   * and if it could evict jobs (Redis must run with `noeviction`).
   */
  ping(): Promise<void>;
  /** The queue with that name, created at first use. Its calls reject quickly while the broker is unavailable. */
  queue(name: string): AnyQueue;
  /**
   * Stops or allows the start of jobs of that queue in all processes, also those that start later. Running jobs go on,
   * and what waits for its time keeps waiting. An emptied broker forgets it. A `RateLimitedError` does not change it.
   */
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  isPaused(name: string): Promise<boolean>;
  /** Marks that disappear with everything else when the broker is emptied. */
  readonly marks: { isSet(mark: string): Promise<boolean>; set(mark: string): Promise<void> };
  /** A consumer of that queue. Create it only after a `ping` has succeeded. */
  worker(name: string, processor: Processor<unknown, unknown>, options: Processing): AnyWorker;
  /** Closes the queues and connections. The caller closes the workers. */
  close(): Promise<void>;
}

interface Connections {
  ping(): Promise<void>;
  /** BullMQ's connections: producers fail fast, consumers wait. */
  producer: ConnectionOptions;
  consumer(): ConnectionOptions;
  backend: BackendFactory;
  close(): Promise<void>;
}

const redisConnections = (url: string, prefix: string, onError: (error: Error) => void): Connections => {
  const producer = connectRedis(url, { failAfter: 10_000 }, onError);
  let consumer: RedisClient | undefined;
  return {
    producer,
    // BullMQ gives each consumer two connections of the same kind.
    consumer: () => (consumer ??= connectRedis(url, {}, onError)),
    backend: createRedisBackend,
    ping: async () => {
      // A server that refuses writes still responds to reads. Of a cluster, this is the node with the queues.
      await producer.set(`${prefix}:ping`, "", "PX", 1_000);
      await Promise.all(mastersOf(producer).map(checkThatItKeepsJobs));
    },
    close: async () => {
      producer.disconnect();
      consumer?.disconnect();
    },
  };
};

const checkThatItKeepsJobs = async (server: Redis): Promise<void> => {
  const policy = /maxmemory_policy:(\S+)/.exec(await server.info("memory"))?.[1];
  if (policy && policy !== "noeviction")
    throw new Error(`Redis runs with maxmemory-policy ${policy} and could drop jobs: set it to noeviction`);
};

// BullMQ polls in addition to the server's notifications, but after an outage only once an hour. A job whose
// notification was missed would wait as long.
const watchfulPostgresBackend: typeof createPostgresBackend = (...args) =>
  Object.defineProperty(createPostgresBackend(...args), "maximumBlockTimeout", { value: POLL });

const postgresConnections = (url: string, onError: (error: Error) => void): Connections => {
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

/**
 * Opens the broker at `url`: Redis (redis-url.ts describes its forms) or `postgres://`. Neither throws nor waits while
 * the broker is unavailable. The prefix keeps applications apart that share a Redis; in PostgreSQL the database does.
 */
export const openBroker = (url: string, queuePrefix: string, onError: (error: Error) => void): Broker => {
  const isRedis = isRedisUrl(url);
  const prefix = isRedis ? keyPrefix(url, queuePrefix) : queuePrefix;
  const connections = isRedis ? redisConnections(url, prefix, onError) : postgresConnections(url, onError);
  const queues = new Map<string, AnyQueue>();

  const forget = (name: string, queue: AnyQueue) => {
    if (queues.get(name) === queue) queues.delete(name);
    void queue.close().catch(onError);
  };

  const open = (name: string): AnyQueue => {
    const known = queues.get(name);
    if (known) return known;
    const options = { connection: connections.producer, prefix, skipWaitingForReady: true };
    const queue: AnyQueue = new Queue(name, options, connections.backend);
    queue.on("error", onError);
    // BullMQ never retries a failed start, so the next use creates a new queue.
    queue.waitUntilReady().catch(() => forget(name, queue));
    queues.set(name, queue);
    return queue;
  };

  return {
    ping: connections.ping,
    queue: open,
    pause: (name) => open(name).pause(),
    resume: (name) => open(name).resume(),
    isPaused: (name) => open(name).isPaused(),
    marks: {
      isSet: async (mark) => (await open(MARKS).getJobState(mark)) !== "unknown",
      // A job in a queue without workers stays until the broker is emptied.
      set: async (mark) => void (await open(MARKS).add(MARKS, {}, { jobId: mark })),
    },
    worker: (name, processor, options) =>
      new Worker(
        name,
        processor,
        { ...options, connection: connections.consumer(), prefix },
        connections.backend,
      ).on("error", onError),
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(onError)));
      await connections.close();
    },
  };
};
