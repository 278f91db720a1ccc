import { hostname } from "node:os";
import { v7 as uuidv7 } from "uuid";
import { RetryError } from "./answer.ts";
import type { Broker } from "./broker.ts";
import { createDeliveries } from "./delivery.ts";
import type { Database } from "./enqueue.ts";
import type { Worker } from "./job.ts";
import { beat, removeWorker } from "./ledger/processes.ts";
import type { Log } from "./log.ts";
import type { Observe } from "./outcome.ts";
import { pausable, watchPauses, type BrokerConsumer, type Pausable } from "./pause.ts";
import { createTally } from "./tally.ts";

export interface WorkersOptions<Tx> {
  database: Database<Tx>;
  broker: Broker;
  workers: readonly Worker<Tx>[];
  log: Log;
  observe: Observe;
  /** Called when a completion made other jobs due; pass the relay's. */
  nudge(): void;
  /**
   * Milliseconds that the jobs of a dead process stay locked, and between two looks for such jobs. By default 10,000
   * and 5,000, so that the jobs of a killed process run again within 15 s. Less than the ledger's `DEAD_AFTER` (10 s,
   * ledger/sql.ts) has no effect.
   */
  lockDuration?: number;
  stalledInterval?: number;
}

export interface RunningWorkers {
  /** Unique to this process, recorded with every run. */
  readonly id: string;
  /**
   * Takes no new job, gives running ones `grace` ms to finish, then aborts their signals and releases them.
   * Resolves when all have ended, at the latest 5 s after the grace period.
   */
  close(grace: number): Promise<void>;
}

/** Milliseconds between heartbeats. A process that misses three counts as dead, see ledger/sql.ts. */
const HEARTBEAT = 3_000;

/** Starts one consumer per worker. They wait while the database or the broker is unavailable. */
export const startWorkers = <Tx>(options: WorkersOptions<Tx>): RunningWorkers => {
  const { broker, workers, lockDuration = 10_000, stalledInterval = 5_000 } = options;
  const { sql } = options.database;
  const id = `${hostname()}-${process.pid}-${uuidv7().slice(-6)}`;
  const stopping = new AbortController();
  const ending = new AbortController();
  const giveUp = new AbortController();
  const tally = createTally(workers.map(({ job }) => job));
  const deliveries = createDeliveries({
    ...options,
    observe: tally.counting(options.observe),
    tally,
    workerId: id,
    ending: ending.signal,
    giveUp: giveUp.signal,
  });

  const consumers = new Map<BrokerConsumer, Pausable>();
  let paused: ReadonlySet<string> | undefined;
  const consume = (worker: Worker<Tx>): void => {
    const { name, concurrency, rateLimit } = worker.job;
    const consumer = broker.worker(name, (job, token) => process(job, token), {
      concurrency,
      lockDuration,
      stalledInterval,
      // The ledger counts crashes and attempts, so that the counts survive the broker. The broker's own never end a
      // job.
      maxStalledCount: 1_000_000,
      runRetryDelay: 1_000,
      settings: {
        backoffStrategy: (_made, _type, error) => (error instanceof RetryError ? error.delay : 1_000),
      },
      ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.per } }),
    });
    const pauses = pausable(consumer);
    const process = deliveries.processor(worker, pauses);
    consumers.set(consumer, pauses);
    pauses.hold(paused?.has(name) ?? false);
    consumer.on("lockRenewalFailed", (lost) => {
      deliveries.releaseLost(lost).catch(() => {}); // repeated at the next renewal
    });
    // On PostgreSQL, a BullMQ consumer whose start failed never works: replace it.
    consumer.waitUntilReady().catch(async () => {
      consumers.delete(consumer);
      await consumer.close(true).catch(() => {});
      setTimeout(() => stopping.signal.aborted || consume(worker), 1_000);
    });
  };
  // None starts before the ledger has said which queues are paused.
  const watched = watchPauses(sql, options.log, (names) => {
    const isFirst = paused === undefined;
    paused = names;
    if (isFirst) workers.forEach(consume);
    else for (const [{ name }, pauses] of consumers) pauses.hold(names.has(name));
  });

  const sendBeat = () => void beat(sql, id, tally.about()).catch(() => {}); // repeated in 3 s
  const heartbeat = setInterval(sendBeat, HEARTBEAT);
  sendBeat();

  return {
    id,
    close: async (grace) => {
      stopping.abort();
      watched.close();
      const timers = [
        setTimeout(() => ending.abort(), grace),
        setTimeout(() => giveUp.abort(), grace + 4_000),
      ];
      const deadline = new Promise((resolve) => timers.push(setTimeout(resolve, grace + 5_000)));
      for (const pauses of consumers.values()) pauses.close();
      await Promise.race([Promise.all([...consumers.keys()].map((consumer) => consumer.close())), deadline]);
      for (const timer of [...timers, heartbeat]) clearTimeout(timer);
      giveUp.abort();
      await removeWorker(sql, id).catch(() => {}); // else pruned after an hour
    },
  };
};
