import { Cluster, Redis, SentinelConnector, type ClusterOptions, type RedisOptions } from "ioredis";
import { parseRedisUrl, type RedisAddress } from "./redis-url.ts";

export type RedisClient = Redis | Cluster;

interface Behaviour {
  /**
   * Milliseconds after which a command rejects; while Redis is unavailable, commands reject within half a second.
   * Without it, commands wait for Redis.
   */
  readonly failAfter?: number;
}

/** Milliseconds without a reply after which a connection counts as dead. BullMQ blocks for at most 10 s. */
const SILENCE = 12_000;

/** How a cluster's client tries a command again that must fail soon, or that may wait. Resharding takes two tries. */
const SOON = { maxRedirections: 5, retryDelayOnFailover: 100, retryDelayOnClusterDown: 100 };
const PATIENT = {
  maxRedirections: Infinity,
  retryDelayOnMoved: 100,
  retryDelayOnFailover: 500,
  retryDelayOnClusterDown: 500,
};

/**
 * Milliseconds until a cluster's layout is read again, or a server is asked for its role; and until an unresponsive
 * node or Sentinel is given up.
 */
const REFRESH = 5_000;
const CONNECT = 3_000;

const retryStrategy = (tries: number) => Math.min(100 * tries, 1_000);

/**
 * Opens a client for a single Redis, a Redis Cluster, or the master that Sentinels name. It neither throws nor waits
 * while Redis is unavailable, and reports errors of the connection to `onError`. It leaves a master that was demoted:
 * at the first error that says so, and without one within 5 s.
 */
export const connectRedis = (
  url: string,
  { failAfter }: Behaviour,
  onError: (error: Error) => void,
): RedisClient => {
  const address = parseRedisUrl(url);
  const enableOfflineQueue = !failAfter;
  const behaviour = {
    connectTimeout: CONNECT,
    disconnectTimeout: 500,
    // A host that vanished closes nothing: without a limit, its connections would be kept for many minutes.
    socketTimeout: failAfter ?? SILENCE,
    // The address, or a Sentinel, leads to the new master.
    reconnectOnError: ({ message }: Error) => /READONLY|^UNBLOCKED/.test(message),
    ...(failAfter ? { maxRetriesPerRequest: 1, commandTimeout: failAfter } : { maxRetriesPerRequest: null }),
  };
  if (address.kind === "cluster") {
    const redisOptions = { ...behaviour, ...loginOf(address) };
    const options = {
      ...ofCluster(address),
      ...(failAfter ? SOON : PATIENT),
      enableOfflineQueue,
      redisOptions,
    };
    return new Cluster([...address.nodes], options).on("error", onError).on("node error", onError);
  }
  const options = { ...behaviour, enableOfflineQueue, retryStrategy };
  const client =
    address.kind === "single" ? new Redis(url, options) : new Redis({ ...options, ...viaSentinels(address) });
  return leavingReplicas(client).on("error", onError);
};

/**
 * Makes a client, and those that BullMQ duplicates from it, close a connection to a server that has become a replica.
 * An idle client gets no error from it, and one that only reads gets results. A cluster's client needs no such check,
 * because every node names the master.
 */
const leavingReplicas = (client: Redis): Redis => {
  const leaveReplica = async () => {
    if ((await client.info("replication")).includes("role:slave")) client.disconnect(true);
  };
  client.on("ready", () => {
    // The question fails with its connection, or if this user may not ask.
    const timer = setInterval(() => void leaveReplica().catch(() => {}), REFRESH);
    client.once("close", () => clearInterval(timer));
  });
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (changes) => leavingReplicas(duplicate(changes));
  return client;
};

const ofCluster = ({ tls }: RedisAddress): ClusterOptions => ({
  clusterRetryStrategy: retryStrategy,
  slotsRefreshInterval: REFRESH,
  slotsRefreshTimeout: CONNECT,
  // When it fails, ioredis 6.0 never settles `connect`, and a BullMQ worker that awaits it stops for good.
  enableReadyCheck: false,
  // Certificates are for names, not for what they resolve to.
  ...(tls && { dnsLookup: (name, found) => found(null, name) }),
});

const viaSentinels = (address: RedisAddress & { kind: "sentinel" }) => ({
  ...loginOf(address),
  sentinels: [...address.nodes],
  name: address.master,
  db: address.db,
  ...(address.tls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
  ...(address.sentinel.username && { sentinelUsername: address.sentinel.username }),
  ...(address.sentinel.password && { sentinelPassword: address.sentinel.password }),
  sentinelRetryStrategy: retryStrategy,
  sentinelCommandTimeout: CONNECT,
  // Two Sentinels per connection report a failover. Without them, a client that missed it would write to the demoted
  // master until that is made a replica, about 10 s later, and lose what it wrote.
  failoverDetector: true,
  sentinelMaxConnections: 2,
  sentinelReconnectStrategy: () => REFRESH,
  Connector: MasterConnector as unknown as NonNullable<RedisOptions["Connector"]>,
});

/** ioredis would keep the connections to the Sentinels after `quit`. */
class MasterConnector extends SentinelConnector {
  override async connect(...args: Parameters<SentinelConnector["connect"]>) {
    const stream = await super.connect(...args);
    stream.once("close", () => this.disconnect());
    return stream;
  }
}

const loginOf = ({ username, password, tls }: RedisAddress) => ({
  ...(username && { username }),
  ...(password && { password }),
  ...(tls && { tls: {} }),
});

/** The servers that accept writes: the masters of a cluster, or the one server. */
export const mastersOf = (client: RedisClient): Redis[] =>
  client instanceof Redis ? [client] : client.nodes("master");

/**
 * A prefix for BullMQ's keys. A cluster runs a script only on keys of one slot, so there the prefix needs a hash tag:
 * `offstage` becomes `{offstage}`. One with a tag is left alone.
 */
export const keyPrefix = (url: string, prefix: string): string =>
  parseRedisUrl(url).kind === "cluster" && !/\{[^}]+\}/.test(prefix) ? `{${prefix}}` : prefix;
