import {
  createRedisBackend,
  Queue,
  Worker,
  type BackendFactory,
  type ConnectionOptions,
  type IQueueBackend,
  type Processor,
  type WorkerOptions,
} from "bullmq";
import type { Redis } from "ioredis";
import { brokerIdentity } from "./broker-id.ts";
import { postgresConnections } from "./broker-postgres.ts";
import type { PoolState } from "./postgres.ts";
import { connectRedis, keyPrefix, mastersOf, type RedisClient } from "./redis.ts";
import { isRedisUrl } from "./redis-url.ts";

/** The name of a queue that no job can have. */
const MARKS = "_marks";

type Processing = Omit<WorkerOptions, "connection" | "prefix" | "skipWaitingForReady">;

type AnyQueue = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend>;
type AnyWorker = Worker<unknown, unknown, string, IQueueBackend>;

/** The memory of one Redis server, in bytes. */
export interface BrokerMemory {
  used: number;
  /** 0 without a limit. */
  most: number;
  /** Whether it may drop keys, and so jobs, when it is full. */
  evicts: boolean;
  /** Keys that it has dropped since it started. */
  evicted: number;
}

/** The engine that distributes work. It may lose everything, because the ledger can publish every job again. */
export interface Broker {
  /** Tells it from other brokers, see broker-id.ts. */
  readonly id: string;
  /**
   * Rejects while the broker is unavailable or, on Redis, refuses writes (it is a replica, or full, or cannot save),
   * and if it could evict jobs (Redis must run with `noeviction`).
   */
  ping(): Promise<void>;
  /** What its Redis servers say of their memory; empty for PostgreSQL. */
  memory(): Promise<BrokerMemory[]>;
  /** The connections of its pool; undefined for Redis. */
  readonly pool: (() => PoolState) | undefined;
  /** The queue with that name, created at first use. Its calls reject quickly while the broker is unavailable. */
  queue(name: string): AnyQueue;
  /** Marks that disappear with everything else when the broker is emptied. */
  readonly marks: { isSet(mark: string): Promise<boolean>; set(mark: string): Promise<void> };
  /** A consumer of that queue. Create it only after a `ping` has succeeded. */
  worker(name: string, processor: Processor<unknown, unknown>, options: Processing): AnyWorker;
  /** Closes the queues and connections. The caller closes the workers. */
  close(): Promise<void>;
}

interface Connections {
  ping(): Promise<void>;
  memory(): Promise<BrokerMemory[]>;
  pool?: () => PoolState;
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
    memory: () => Promise.all(mastersOf(producer).map(memoryOf)),
    close: async () => {
      producer.disconnect();
      consumer?.disconnect();
    },
  };
};

const memoryOf = async (server: Redis): Promise<BrokerMemory> => {
  const info = (await server.info("memory")) + (await server.info("stats"));
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
  return {
    used: Number(field("used_memory") ?? 0),
    most: Number(field("maxmemory") ?? 0),
    evicts: field("maxmemory_policy") !== "noeviction",
    evicted: Number(field("evicted_keys") ?? 0),
  };
};

const checkThatItKeepsJobs = async (server: Redis): Promise<void> => {
  const policy = /maxmemory_policy:(\S+)/.exec(await server.info("memory"))?.[1];
  if (policy && policy !== "noeviction")
    throw new Error(`Redis runs with maxmemory-policy ${policy} and could drop jobs: set it to noeviction`);
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
    id: brokerIdentity(url, isRedis ? prefix : ""),
    ping: connections.ping,
    memory: connections.memory,
    pool: connections.pool,
    queue: open,
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
