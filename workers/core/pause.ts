import type { Broker } from "./broker.ts";
import { count } from "./counts.ts";
import { describeError, type RateLimitedError } from "./errors.ts";
import type { Log } from "./log.ts";

/** The consumer of one queue in this process. */
export interface Consumer {
  readonly isPaused: boolean;
  /** Whether a pause is in force. A consumer that is paused without one is stuck. */
  readonly isPausing: boolean;
  /** Takes no job for `ms` milliseconds. A longer pause that is in force stays in force. */
  pause(ms: number): Promise<void>;
}

export type BrokerConsumer = ReturnType<Broker["worker"]>;

/** The pauses of one consumer. `close` ends them without taking jobs again. */
export const pausable = (consumer: BrokerConsumer, name: string): Consumer & { close(): void } => {
  let end = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    get isPaused() {
      return consumer.isPaused();
    },
    get isPausing() {
      return Date.now() < end;
    },
    pause: async (ms) => {
      const now = Date.now();
      if (now + ms <= end) return;
      count("limited", name, now + ms - Math.max(now, end));
      end = now + ms;
      clearTimeout(timer);
      timer = setTimeout(() => void consumer.resume(), ms); // BullMQ emits its errors
      await consumer.pause(true);
    },
    close: () => {
      end = Infinity;
      clearTimeout(timer);
    },
  };
};

/** Pauses the queue for all processes. A longer pause that is in force stays in force. */
export const pauseQueue = async (broker: Broker, name: string, ms: number): Promise<void> => {
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
