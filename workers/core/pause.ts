import type { Broker } from "./broker.ts";
import { count } from "./counts.ts";
import { describeError, type RateLimitedError } from "./errors.ts";
import { findPauses } from "./ledger/pauses.ts";
import type { Sql } from "./ledger/sql.ts";
import { throttledWarn, type Log } from "./log.ts";

/** Milliseconds between two looks at the paused queues. */
const LOOK = 1_000;

/** The consumer of one queue in this process. */
export interface Consumer {
  readonly isPaused: boolean;
  /** Whether a pause is in force. A consumer that is paused without one is stuck. */
  readonly isPausing: boolean;
  /** Takes no job for `ms` milliseconds. A longer pause that is in force stays in force. */
  pause(ms: number): Promise<void>;
}

export type BrokerConsumer = ReturnType<Broker["worker"]>;

export interface Pausable extends Consumer {
  /** Takes no job until it is called with false. */
  hold(isHeld: boolean): void;
  /** Ends all pauses without taking jobs again. */
  close(): void;
}

/** The pauses of one consumer: for some milliseconds, and as long as the ledger says. */
export const pausable = (consumer: BrokerConsumer, name: string): Pausable => {
  let end = 0;
  let isHeld = false;
  let timer: NodeJS.Timeout | undefined;
  return {
    get isPaused() {
      return isHeld || consumer.isPaused();
    },
    get isPausing() {
      return isHeld || Date.now() < end;
    },
    pause: async (ms) => {
      const now = Date.now();
      if (now + ms <= end) return;
      count("limited", name, now + ms - Math.max(now, end));
      end = now + ms;
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (!isHeld) void consumer.resume(); // BullMQ emits its errors
      }, ms);
      await consumer.pause(true);
    },
    hold: (wanted) => {
      if (wanted === isHeld || end === Infinity) return;
      isHeld = wanted;
      if (isHeld) void consumer.pause(true);
      else if (Date.now() >= end) void consumer.resume();
    },
    close: () => {
      end = Infinity;
      clearTimeout(timer);
    },
  };
};

/**
 * Calls `hold` with the names of the paused queues, first when the ledger could be read, then each time that they have
 * changed. While the ledger is unavailable, they stay as they were.
 */
export const watchPauses = (sql: Sql, log: Log, hold: (paused: ReadonlySet<string>) => void) => {
  const warn = throttledWarn(log, "the paused queues cannot be read");
  let known: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const look = async (): Promise<void> => {
    const pauses = await findPauses(sql).catch(warn);
    if (isClosed) return;
    const names = pauses?.map(({ name }) => name);
    if (names && names.join() !== known) {
      if (names.length > 0 || known) log.info({ paused: names }, "paused queues");
      known = names.join();
      hold(new Set(names));
    }
    timer = setTimeout(() => void look(), LOOK);
  };
  void look();
  return {
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
};

/** Limits the queue for all processes. A longer limit that is in force stays in force. */
export const limitQueue = async (broker: Broker, name: string, ms: number): Promise<void> => {
  const queue = broker.queue(name);
  const left = Math.max(0, await queue.getRateLimitTtl());
  if (left >= ms) return;
  await queue.rateLimit(ms);
  count("limited", name, ms - left);
};

/** Logs the alert of a pause as an error, once per queue and pause: several runs end while a pause begins. */
export const createAlerts = (log: Log) => {
  const silentUntil = new Map<string, number>();
  return (job: string, error: RateLimitedError): void => {
    if (!error.alert || Date.now() < (silentUntil.get(job) ?? 0)) return;
    silentUntil.set(job, Date.now() + error.ms);
    count("alerted", job);
    log.error({ job, ms: error.ms, error: describeError(error.cause ?? error) }, error.alert);
  };
};
