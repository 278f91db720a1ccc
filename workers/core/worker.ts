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
import { watchConsumers, type Watched } from "./stuck.ts";
import { createTally, type WorkerAbout } from "./tally.ts";
import type { Tracing } from "./trace.ts";

export interface WorkersOptions<Tx> {
  database: Database<Tx>;
  broker: Broker;
  workers: readonly Worker<Tx>[];
  log: Log;
  observe: Observe;
  tracing?: Tracing | undefined;
  /** Called when a completion made other jobs due; pass the relay's. */
  nudge(): void;
  /**
   * Milliseconds that the jobs of a dead process stay locked, and between two looks for such jobs. By default 10,000
   * and 5,000, so that the jobs of a killed process run again within 15 s. Less than the ledger's `DEAD_AFTER` (10 s,
   * ledger/sql.ts) has no effect.
   */
  lockDuration?: number;
  stalledInterval?: number;
  /** Milliseconds after which a consumer that takes no job, although some wait, counts as stuck. Default: 60,000. */
  stuckAfter?: number;
  /** Called with the queue of a consumer that is stuck. Only a new process helps. */
  onStuck?(queue: string): void;
}

export interface RunningWorkers {
  /** Unique to this process, recorded with every run. */
  readonly id: string;
  /** What the process does for each queue. */
  about(): WorkerAbout;
  /** The queues whose consumer takes no job although some wait. */
  stuck(): string[];
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
  const {
    broker,
    workers,
    log,
    lockDuration = 10_000,
    stalledInterval = 5_000,
    stuckAfter = 60_000,
  } = options;
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

  const consumers = new Map<BrokerConsumer, Watched & { pauses: Pausable }>();
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
    const pauses = pausable(consumer, name);
    const process = deliveries.processor(worker, pauses);
    let takenAt = 0;
    consumer.on("active", () => (takenAt = performance.now()));
    consumers.set(consumer, {
      ...{ name, pauses, consumer: pauses },
      isFull: () => tally.isFull(name),
      takenAt: () => takenAt,
    });
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
  const watchingPauses = watchPauses(sql, log, (names) => {
    const isFirst = paused === undefined;
    paused = names;
    if (isFirst) workers.forEach(consume);
    else for (const { name, pauses } of consumers.values()) pauses.hold(names.has(name));
  });

  const sendBeat = () => {
    // Other brokers take over the queues of a process from the moment at which it begins to end.
    const queues = stopping.signal.aborted ? [] : workers.map(({ job }) => job.name);
    beat(sql, { id, broker: broker.id, queues, about: tally.about() }).catch(() => {}); // repeated in 3 s
  };
  const heartbeat = setInterval(sendBeat, HEARTBEAT);
  sendBeat();
  const watch = watchConsumers({
    broker,
    log,
    watched: () => [...consumers.values()],
    after: stuckAfter,
    onStuck: options.onStuck,
  });

  return {
    id,
    about: tally.about,
    stuck: watch.stuck,
    close: async (grace) => {
      stopping.abort();
      watch.close();
      watchingPauses.close();
      sendBeat();
      const timers = [
        setTimeout(() => ending.abort(), grace),
        setTimeout(() => giveUp.abort(), grace + 4_000),
      ];
      const deadline = new Promise((resolve) => timers.push(setTimeout(resolve, grace + 5_000)));
      for (const { pauses } of consumers.values()) pauses.close();
      await Promise.race([Promise.all([...consumers.keys()].map((consumer) => consumer.close())), deadline]);
      for (const timer of [...timers, heartbeat]) clearTimeout(timer);
      giveUp.abort();
      await removeWorker(sql, id).catch(() => {}); // else pruned after an hour
    },
  };
};
