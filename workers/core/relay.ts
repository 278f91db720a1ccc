import type { Broker } from "./broker.ts";
import { describeError } from "./errors.ts";
import {
  claimDue,
  markPublished,
  recordRefusal,
  releaseClaims,
  type DueJob,
  type Share,
} from "./ledger/publish.ts";
import { brokerIdOf, type Sql } from "./ledger/sql.ts";
import type { Log } from "./log.ts";

/**
 * Rows per claim. Both kinds in each, so that neither a flood of batches nor a stream of others stops the other kind.
 * Fewer of batches, because others wait for the claim to be published.
 */
const SHARE = { single: 500, batched: 250 };

/** What a process without workers publishes: batches are left to the processes that do the work. */
export const NO_BATCHES = { ...SHARE, batched: 0 };

/** Milliseconds between polls. */
const POLL = 250;

/** How long to rest between two claims of a flood of batches, as a multiple of the time that the last one took. */
const REST = 1.5;

/** Publishes committed jobs: moves them from the ledger to the broker. Any number of relays can run. */
export interface Relay {
  /** Polls now. Call it after a commit that enqueued something. */
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

/** Of which kinds more jobs may be due than were claimed. */
const fullKinds = (jobs: readonly DueJob[], share: Share): { single: boolean; batched: boolean } => {
  const [single, batched] = [false, true].map((kind) => jobs.filter((job) => job.batched === kind));
  const queues = Map.groupBy(batched ?? [], ({ name }) => name);
  return {
    single: single?.length === share.single,
    batched: [...queues.values()].some((each) => each.length === share.batched),
  };
};

/**
 * Starts a relay. It publishes due jobs of no batch at each nudge and every 250 ms. Batches follow every 250 ms and, as
 * long as it has published as many as it may at once, after a rest that is longer than the last claim took.
 */
export const startRelay = (sql: Sql, broker: Broker, log: Log, share: Share = SHARE): Relay => {
  let wake = () => {};
  let closing = false;
  let nudged = false;
  let reachable = true;
  /** When batches are looked at again, on the clock of `performance`. */
  let nextBatches = 0;

  const publishOneByOne = async (name: string, jobs: DueJob[]): Promise<DueJob[]> => {
    const published: DueJob[] = [];
    for (const job of jobs) {
      try {
        await publish(broker, name, [job]);
        published.push(job);
      } catch (error) {
        await probe(broker);
        log.warn({ job: name, id: job.id, error: describeError(error) }, "the broker refused a job");
        await recordRefusal(sql, job, describeError(error));
      }
    }
    return published;
  };

  const publishQueue = async (name: string, jobs: DueJob[]): Promise<void> => {
    let published = jobs;
    try {
      await publish(broker, name, jobs).catch(async () => {
        await probe(broker);
        published = await publishOneByOne(name, jobs);
      });
    } catch (error) {
      await releaseClaims(sql, jobs);
      throw error;
    }
    if (published.length > 0) await markPublished(sql, published);
  };

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const publishDue = async (): Promise<void> => {
    for (let full = true; full && !closing;) {
      const began = performance.now();
      const withBatches = began >= nextBatches;
      nudged = false;
      const jobs = await claimDue(sql, withBatches ? share : { ...share, batched: 0 });
      const byName = Map.groupBy(jobs, ({ name }) => name);
      const results = await Promise.allSettled([...byName].map(([name, each]) => publishQueue(name, each)));
      const failed = results.find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
      const kinds = fullKinds(jobs, share);
      full = kinds.single;
      const ended = performance.now();
      if (withBatches) nextBatches = ended + (kinds.batched ? Math.min(POLL, REST * (ended - began)) : POLL);
    }
  };

  const poll = async (): Promise<void> => {
    try {
      if (!reachable) await broker.ping();
      await publishDue();
      if (!reachable) log.info({}, "relay: publishing again");
      reachable = true;
    } catch (error) {
      if (reachable)
        log.warn({ error: describeError(error) }, "relay: cannot publish, jobs wait in the ledger");
      reachable = false;
    }
  };

  const run = async (): Promise<void> => {
    while (!closing) {
      await poll();
      if (!closing && (!nudged || !reachable))
        await pause(reachable ? Math.ceil(nextBatches - performance.now()) : POLL);
    }
  };

  const running = run();
  return {
    nudge: () => {
      nudged = true;
      if (reachable) wake();
    },
    close: () => {
      closing = true;
      wake();
      return running;
    },
  };
};
