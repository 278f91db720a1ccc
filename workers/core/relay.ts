import type { Broker } from "./broker.ts";
import { count } from "./counts.ts";
import { describeError } from "./errors.ts";
import { startLane } from "./lane.ts";
import { queuesElsewhere, recordBroker } from "./ledger/brokers.ts";
import {
  claimBatched,
  claimSingle,
  markPublished,
  recordRefusal,
  releaseClaims,
  type DueJob,
} from "./ledger/publish.ts";
import { brokerIdOf, type Sql } from "./ledger/sql.ts";
import type { Log } from "./log.ts";
import { jobAttributes, type Tracing } from "./trace.ts";

/** Jobs of no batch per claim. */
const SINGLE = 500;

/** Jobs of batches per claim and queue. */
const BATCHED = 250;

/** Milliseconds for which a relay remembers which queues have their workers on other brokers. */
const REMEMBER = 1_000;

/** Milliseconds between two records that its broker is in use. Less than an hour, see `removeUnusedBrokers`. */
const RECORD = 600_000;

/** How long to rest between two full claims of batches, as a multiple of the time that the last one took. */
const REST = 1.5;

/** Publishes committed jobs: moves them from the ledger to the broker. Any number of relays can run. */
export interface Relay {
  /** Polls now for jobs of no batch. Call it after a commit that enqueued something. */
  nudge(): void;
  /** Stops and resolves when nothing is in progress. */
  close(): Promise<void>;
}

const publishOptions = (job: DueJob) => ({
  jobId: brokerIdOf(job),
  priority: job.priority,
  // The ledger counts attempts, so that the count survives the broker. The broker only waits between them.
  attempts: 1_000_000,
  backoff: { type: "custom" },
  stackTraceLimit: 0,
  // Finished jobs are in the ledger. Keeping some in PostgreSQL costs more than everything else about a job.
  removeOnComplete: true,
  removeOnFail: true,
});

const publish = async (broker: Broker, name: string, jobs: DueJob[]): Promise<void> => {
  const queue = broker.queue(name);
  // On PostgreSQL, addBulk creates temporary tables: for a few jobs single adds are several times faster.
  if (jobs.length <= 4) await Promise.all(jobs.map((job) => queue.add(name, {}, publishOptions(job))));
  else await queue.addBulk(jobs.map((job) => ({ name, data: {}, opts: publishOptions(job) })));
};

/**
 * Checks that the broker accepts jobs at all. A broker that is full or read-only responds, but refuses every job: the
 * jobs then wait, as they do for a broker that is unavailable.
 * @throws Error from the broker when it refuses the probe too
 */
const probe = (broker: Broker): Promise<void> => broker.marks.set("probe");

/** Publishes claimed jobs of any queues. @throws Error when the broker or the database is unavailable */
const createPublish = (sql: Sql, broker: Broker, log: Log, tracing: Tracing | undefined) => {
  const publishOneByOne = async (name: string, jobs: DueJob[]): Promise<DueJob[]> => {
    const published: DueJob[] = [];
    for (const job of jobs) {
      try {
        await publish(broker, name, [job]);
        published.push(job);
      } catch (error) {
        await probe(broker);
        log.warn({ job: name, id: job.id, error: describeError(error) }, "the broker refused a job");
        if (tracing) recordPublication(tracing, job, 0, "refused");
        await recordRefusal(sql, job, describeError(error));
      }
    }
    return published;
  };

  const publishQueue = async (name: string, jobs: DueJob[]): Promise<void> => {
    let published = jobs;
    const began = performance.now();
    try {
      await publish(broker, name, jobs).catch(async () => {
        await probe(broker);
        published = await publishOneByOne(name, jobs);
      });
    } catch (error) {
      await releaseClaims(sql, jobs);
      throw error;
    }
    count("published", name, published.length);
    if (published.length > 0) await markPublished(sql, published, broker.id);
    if (tracing) for (const job of published) recordPublication(tracing, job, performance.now() - began);
  };

  return async (queues: Map<string, DueJob[]>): Promise<void> => {
    const results = await Promise.allSettled([...queues].map(([name, jobs]) => publishQueue(name, jobs)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  };
};

/** A job that was enqueued without a trace gets none here: its run begins one. */
const recordPublication = (
  tracing: Tracing,
  { id, epoch, name, traceparent }: DueJob,
  ms: number,
  failure?: string,
) => {
  if (traceparent === null) return;
  const attributes = { ...jobAttributes("send", name, id), "offstage.job.epoch": epoch };
  tracing.past(`publish ${name}`, ms, { kind: "producer", parent: traceparent, attributes }, failure);
};

interface RelayOptions {
  /** Whether it publishes batches. */
  batches?: boolean;
  tracing?: Tracing | undefined;
}

/**
 * The queues that this relay leaves to the relays of other brokers: there are their workers, and none here. Where no
 * broker has a worker for a queue, every relay publishes its jobs.
 */
const createExcluded = (sql: Sql, broker: Broker, log: Log) => {
  let excluded: string[] = [];
  let readAt = -Infinity;
  let recordedAt = -Infinity;
  const read = async (): Promise<void> => {
    if (performance.now() - recordedAt > RECORD) {
      await recordBroker(sql, broker.id);
      recordedAt = performance.now();
    }
    const found = await queuesElsewhere(sql, broker.id);
    if (found.join() !== excluded.join())
      log.info(
        { broker: broker.id, queues: found },
        "relay: queues that have their workers on another broker",
      );
    excluded = found;
    readAt = performance.now();
  };
  return async (): Promise<readonly string[]> => {
    if (performance.now() - readAt > REMEMBER) await read();
    return excluded;
  };
};

/**
 * Starts a relay: two lanes that do not wait for each other. Jobs of no batch are published at each nudge and every
 * 250 ms, batches every 250 ms. As long as there may be more of them, batches follow after a rest that leaves the
 * processors to others.
 */
export const startRelay = (
  sql: Sql,
  broker: Broker,
  log: Log,
  { batches = true, tracing }: RelayOptions = {},
): Relay => {
  const publishAll = createPublish(sql, broker, log, tracing);
  const excluded = createExcluded(sql, broker, log);
  /** Resolves with the number of jobs of each queue. */
  const publishClaimed = async (claim: Promise<DueJob[]>): Promise<number[]> => {
    const queues = Map.groupBy(await claim, ({ name }) => name);
    await publishAll(queues);
    return [...queues.values()].map((jobs) => jobs.length);
  };
  const publishSingle = async () => {
    const counts = await publishClaimed(claimSingle(sql, SINGLE, await excluded()));
    return counts.reduce((sum, count) => sum + count, 0) === SINGLE;
  };
  const publishBatched = async () =>
    (await publishClaimed(claimBatched(sql, BATCHED, await excluded()))).includes(BATCHED);

  const single = startLane({ kind: "single", publishDue: publishSingle, rest: 0 }, broker, log);
  const batched = batches
    ? startLane({ kind: "batched", publishDue: publishBatched, rest: REST }, broker, log)
    : undefined;
  return {
    nudge: single.nudge,
    close: async () => void (await Promise.all([single.close(), batched?.close()])),
  };
};
