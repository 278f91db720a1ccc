import type { Broker } from "./broker.ts";
import type { Log } from "./log.ts";
import type { Consumer } from "./pause.ts";

/** A consumer, and what is known of it without asking the broker. */
export interface Watched {
  name: string;
  consumer: Consumer;
  /** Whether all of its slots are in use. */
  isFull(): boolean;
  /** When it took a job last, by `performance.now()`; 0 if it never did. */
  takenAt(): number;
}

interface Options {
  broker: Broker;
  log: Log;
  /** The consumers that there are now. */
  watched(): readonly Watched[];
  /** Milliseconds without a reason after which a consumer counts as stuck. */
  after: number;
  /** Called once for each consumer that becomes stuck. */
  onStuck?: ((queue: string) => void) | undefined;
}

/** Checks per `after`. */
const CHECKS = 4;

/**
 * Tells consumers that are stuck from idle ones. A consumer is stuck if for `after` ms, at each check, jobs waited in
 * its queue and it had a free slot, but it took none, although neither it nor its queue was paused or limited. While
 * the broker cannot be asked, none is.
 */
export const watchConsumers = ({ broker, log, watched, after, onStuck }: Options) => {
  /** Since when each consumer has had no reason to take nothing. */
  const since = new Map<Consumer, number>();
  const stuck = new Map<Consumer, string>();

  const hasReason = async ({ name, consumer, isFull }: Watched): Promise<boolean> => {
    if (isFull() || consumer.isPausing) return true;
    const queue = broker.queue(name);
    const waiting = await queue.getJobCountByTypes("waiting", "prioritized");
    return waiting === 0 || (await queue.getRateLimitTtl()) > 0;
  };

  const check = async (each: Watched): Promise<void> => {
    const now = performance.now();
    const start = since.get(each.consumer) ?? now;
    if (each.takenAt() >= start || (await hasReason(each).catch(() => true))) {
      since.set(each.consumer, now);
      stuck.delete(each.consumer);
    } else if (now - start < after) since.set(each.consumer, start);
    else if (!stuck.has(each.consumer)) {
      stuck.set(each.consumer, each.name);
      log.error(
        { job: each.name, ms: Math.round(now - start) },
        "the consumer takes no job although some wait",
      );
      onStuck?.(each.name);
    }
  };

  let checking: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    checking ??= Promise.all(watched().map(check)).finally(() => (checking = undefined));
  }, after / CHECKS);

  return {
    /** The names of the queues whose consumer in this process is stuck. */
    stuck: (): string[] => [...stuck.values()],
    close: () => clearInterval(timer),
  };
};
