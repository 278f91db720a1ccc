import { createHash } from "node:crypto";
import {
  RateLimiterPostgres,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterStoreAbstract,
} from "rate-limiter-flexible";
import { connectRedis, isRedisUrl, type Sql } from "../workers/core/index.ts";

/** At most `times` within `seconds`, counted from the first. */
export interface Limit {
  name: string;
  times: number;
  seconds: number;
}

/** Counts what clients do, across all processes. */
export interface Throttle {
  /** Counts one more, and resolves with the milliseconds until the limit allows it: 0 when it is allowed now. */
  hit(limit: Limit, subject: string): Promise<number>;
  /** Resets the count. */
  forget(limit: Limit, subject: string): Promise<void>;
  close(): void;
}

/**
 * Counts in Redis when `queueUrl` names one, else in PostgreSQL. While Redis is unavailable or refuses writes,
 * PostgreSQL counts. Without both, everything is allowed: a throttle that is down must not lock all users out. Errors
 * go to `onError`.
 */
export const createThrottle = (
  queueUrl: string,
  prefix: string,
  sql: Sql,
  onError: (error: Error) => void,
): Throttle => {
  const redis = isRedisUrl(queueUrl) ? connectRedis(queueUrl, { failAfter: 1_000 }, onError) : undefined;
  const limiters = new Map<string, RateLimiterStoreAbstract[]>();

  const limitersFor = ({ name, times, seconds }: Limit) => {
    const known = limiters.get(name);
    if (known) return known;
    const options = { keyPrefix: `${prefix}:throttle:${name}`, points: times, duration: seconds };
    const created = [
      ...(redis ? [new RateLimiterRedis({ ...options, storeClient: redis })] : []),
      new RateLimiterPostgres({ ...options, ...inPostgres(sql) }),
    ];
    limiters.set(name, created);
    return created;
  };

  return {
    hit: async (limit, subject) => {
      for (const limiter of limitersFor(limit)) {
        try {
          await limiter.consume(keyOf(subject));
          return 0;
        } catch (error) {
          if (error instanceof RateLimiterRes) return Math.max(error.msBeforeNext, 1);
          onError(error instanceof Error ? error : new Error(String(error)));
        }
      }
      return 0;
    },
    forget: async (limit, subject) => {
      const key = keyOf(subject);
      await Promise.all(limitersFor(limit).map((limiter) => limiter.delete(key).catch(onError)));
    },
    close: () => redis?.disconnect(),
  };
};

/** Allows everything. */
export const noThrottle: Throttle = { hit: async () => 0, forget: async () => {}, close: () => {} };

/** The broker's store must not hold addresses. */
const keyOf = (subject: string) => createHash("sha256").update(subject).digest("base64url");

/** Our migrations create the table. */
const inPostgres = (sql: Sql) => ({
  tableName: "Throttle",
  tableCreated: true,
  // record-purge deletes expired rows, in batches.
  clearExpiredByTimeout: false,
  storeType: "client",
  storeClient: {
    query: async ({ text, values }: { text: string; values: unknown[] }) => {
      const rows = await sql(text, values);
      return { rows, rowCount: rows.length };
    },
  },
});
