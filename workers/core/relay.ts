import type { Broker } from "./broker.ts";
import { describeError } from "./errors.ts";
import { claimDue, markPublished, refusePublish, releaseClaims } from "./outbox.ts";
import { brokerIdOf } from "./ledger.ts";
import type { Sql } from "./ledger.ts";
import type { DueJob } from "./outbox.ts";
import type { Log } from "./log.ts";

/** Rows per claim, and milliseconds between looks when nobody nudges. */
const BATCH = 500;
const POLL = 250;

/** Carries committed jobs from the ledger to the broker. Any number may run. */
export interface Relay {
  /** Looks for due jobs now. Call it after a commit that enqueued something. */
  nudge(): void;
  /** Stops looking and resolves when nothing is under way. */
  close(): Promise<void>;
}

const publishOptions = (job: DueJob) => ({
  jobId: brokerIdOf(job),
  priority: job.priority,
  // The ledger counts attempts, so that they survive the broker; the broker only waits between them.
  attempts: 1_000_000,
  backoff: { type: "custom" },
  stackTraceLimit: 0,
  // What is finished is in the ledger. Keeping a number of jobs in PostgreSQL costs more than all the rest of a job.
  removeOnComplete: true,
  removeOnFail: true,
});

const publish = async (broker: Broker, name: string, jobs: DueJob[]): Promise<void> => {
  const queue = broker.queue(name);
  // In PostgreSQL addBulk makes temporary tables: for a few jobs single adds are several times faster.
  if (jobs.length <= 4) await Promise.all(jobs.map((job) => queue.add(name, {}, publishOptions(job))));
  else await queue.addBulk(jobs.map((job) => ({ name, data: {}, opts: publishOptions(job) })));
};

/**
 * A broker that is full, or that may only be read, refuses every job and still answers: the jobs wait for it, as for one
 * that is out of reach. @throws what the broker says
 */
const checkThatItTakesJobs = (broker: Broker): Promise<void> => broker.sentinel.set("canary");

/** Starts a relay: at each nudge, and every 250 ms, it publishes what is due. */
export const startRelay = (sql: Sql, broker: Broker, log: Log): Relay => {
  let wake = () => {};
  let closing = false;
  let nudged = false;
  let reachable = true;

  const publishOneByOne = async (name: string, jobs: DueJob[]): Promise<DueJob[]> => {
    const published: DueJob[] = [];
    for (const job of jobs) {
      try {
        await publish(broker, name, [job]);
        published.push(job);
      } catch (error) {
        await checkThatItTakesJobs(broker);
        log.warn({ job: name, id: job.id, error: describeError(error) }, "the broker refused a job");
        await refusePublish(sql, job, describeError(error));
      }
    }
    return published;
  };

  const publishQueue = async (name: string, jobs: DueJob[]): Promise<void> => {
    let published = jobs;
    try {
      await publish(broker, name, jobs).catch(async () => {
        await checkThatItTakesJobs(broker);
        published = await publishOneByOne(name, jobs);
      });
    } catch (error) {
      await releaseClaims(sql, jobs);
      throw error;
    }
    if (published.length > 0) await markPublished(sql, published);
  };

  const publishDue = async (): Promise<void> => {
    for (let full = true; full && !closing;) {
      const jobs = await claimDue(sql, BATCH);
      const byName = Map.groupBy(jobs, ({ name }) => name);
      const results = await Promise.allSettled([...byName].map(([name, each]) => publishQueue(name, each)));
      const failed = results.find(({ status }) => status === "rejected");
      if (failed) throw (failed as PromiseRejectedResult).reason;
      full = jobs.length === BATCH;
    }
  };

  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const round = async (): Promise<void> => {
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
      nudged = false;
      await round();
      if (!closing && (!nudged || !reachable)) await pause();
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
