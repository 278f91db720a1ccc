import type { Broker } from "./broker.ts";
import { describeError, type RateLimitedError } from "./errors.ts";
import type { Log } from "./log.ts";

/** The consumer of one queue in this process. */
export interface Consumer {
  readonly isPaused: boolean;
  /** Takes no job for `ms` milliseconds. A longer pause that is in force stays in force. */
  pause(ms: number): Promise<void>;
}

export type BrokerConsumer = ReturnType<Broker["worker"]>;

/** The pauses of one consumer. `close` ends them without taking jobs again. */
export const pausable = (consumer: BrokerConsumer): Consumer & { close(): void } => {
  let end = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    get isPaused() {
      return consumer.isPaused();
    },
    pause: async (ms) => {
      if (end === Infinity || Date.now() + ms <= end) return;
      end = Date.now() + ms;
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
  if ((await queue.getRateLimitTtl()) < ms) await queue.rateLimit(ms);
};

/** Logs the alert of a pause as an error, once per queue and pause: several runs end while a pause begins. */
export const createAlerts = (log: Log) => {
  const silentUntil = new Map<string, number>();
  return (job: string, error: RateLimitedError): void => {
    if (!error.alert || Date.now() < (silentUntil.get(job) ?? 0)) return;
    silentUntil.set(job, Date.now() + error.ms);
    log.error({ job, ms: error.ms, error: describeError(error.cause ?? error) }, error.alert);
  };
};
