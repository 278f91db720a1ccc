import { hostname } from "node:os";
import { v7 as uuidv7 } from "uuid";
import type { Broker } from "./broker.ts";
import { createDeliveries } from "./delivery.ts";
import type { Worker } from "./job.ts";
import type { Database } from "./enqueue.ts";
import type { Log } from "./log.ts";
import { RetryError } from "./outcome.ts";

export interface WorkerOptions<Tx> {
  database: Database<Tx>;
  broker: Broker;
  workers: readonly Worker<Tx>[];
  log: Log;
  /** Called after a completion that inserted follow-ups: wake the relay with it. */
  nudge(): void;
  /**
   * How long the jobs of a dead process stay locked, and how often the others look for such jobs, in milliseconds. By
   * default 10,000 and 5,000, so that a killed worker's jobs run again within 15 s.
   */
  lockDuration?: number;
  stalledInterval?: number;
}

export interface RunningWorkers {
  /** Unique to this process: recorded with every run, and kept alive by a heartbeat. */
  readonly id: string;
  /**
   * Takes no new job, gives running ones `grace` ms to finish, then aborts their signals and hands them back.
   * Resolves when all is done, at the latest 5 s after the grace.
   */
  close(grace: number): Promise<void>;
}

/** Milliseconds between heartbeats. A process that misses three counts as dead: see ledger.ts. */
const HEARTBEAT = 3_000;

/**
 * Starts one consumer per worker. While the database or the broker is out of reach, they wait for it.
 * @throws TypeError when two handlers share a job
 */
export const startWorkers = <Tx>(options: WorkerOptions<Tx>): RunningWorkers => {
  const { database, broker, workers, log, nudge, lockDuration = 10_000, stalledInterval = 5_000 } = options;
  const names = workers.map(({ job }) => job.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new TypeError(`two handlers for the job ${twice}`);

  const id = `${hostname()}-${process.pid}-${uuidv7().slice(-6)}`;
  const stopping = new AbortController();
  const ending = new AbortController();
  const giveUp = new AbortController();
  const deliveries = createDeliveries({
    database,
    broker,
    log,
    nudge,
    workerId: id,
    ending: ending.signal,
    giveUp: giveUp.signal,
  });

  const consumers = new Set<ReturnType<Broker["worker"]>>();
  const consume = (worker: Worker<Tx>): void => {
    const { name, concurrency, rateLimit } = worker.job;
    const consumer = broker.worker(name, deliveries.processor(worker), {
      concurrency,
      lockDuration,
      stalledInterval,
      // The ledger counts crashes and attempts, so that they survive the broker, whose own counts never end a job.
      maxStalledCount: 1_000_000,
      runRetryDelay: 1_000,
      settings: {
        backoffStrategy: (_made, _type, error) => (error instanceof RetryError ? error.delay : 1_000),
      },
      ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.per } }),
    });
    consumers.add(consumer);
    consumer.on("lockRenewalFailed", (lost) => {
      deliveries.releaseLost(lost).catch(() => {}); // the next renewal asks again
    });
    // On PostgreSQL, BullMQ keeps a failed start for good, so a consumer that could not start is made anew.
    consumer.waitUntilReady().catch(async () => {
      consumers.delete(consumer);
      await consumer.close(true).catch(() => {});
      setTimeout(() => stopping.signal.aborted || consume(worker), 1_000);
    });
  };
  workers.forEach(consume);

  const beat = async () => {
    const text = `INSERT INTO "JobWorker" (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET "seenAt" = now()`;
    await database.sql(text, [id]).catch(() => {}); // the next one is due in 3 s
  };
  void beat();
  const heartbeat = setInterval(beat, HEARTBEAT);

  return {
    id,
    close: async (grace) => {
      stopping.abort();
      const timers = [
        setTimeout(() => ending.abort(), grace),
        setTimeout(() => giveUp.abort(), grace + 4_000),
      ];
      const deadline = new Promise((resolve) => timers.push(setTimeout(resolve, grace + 5_000)));
      await Promise.race([Promise.all([...consumers].map((consumer) => consumer.close())), deadline]);
      for (const timer of [...timers, heartbeat]) clearTimeout(timer);
      giveUp.abort();
      await database.sql(`DELETE FROM "JobWorker" WHERE id = $1`, [id]).catch(() => {}); // or the sweep will
    },
  };
};
