import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError, UnrecoverableError, Worker as BrokerWorker } from "bullmq";
import type { Job as Delivered, Processor } from "bullmq";
import { batched, retryWhileUnavailable } from "./batch.ts";
import type { Broker } from "./broker.ts";
import { describeError, PermanentError, RateLimitedError, SupersededError, ReleaseError } from "./errors.ts";
import { advanceParent } from "./flow.ts";
import type { Worker, JobDefinition } from "./job.ts";
import type { Database } from "./enqueue.ts";
import {
  brokerIdOf,
  completeJobs,
  inOrder,
  isRunning,
  parseBrokerId,
  setBackJobs,
  startJobs,
  stillRunBy,
  toJson,
} from "./ledger.ts";
import type { Completion, Delivery, Setback, StartedJob } from "./ledger.ts";
import type { Log } from "./log.ts";
import { classify, RetryError } from "./outcome.ts";
import { openRun } from "./run.ts";
import type { OpenRun } from "./run.ts";

interface Deps<Tx> {
  database: Database<Tx>;
  broker: Broker;
  log: Log;
  nudge(): void;
  /** Recorded with every run. */
  workerId: string;
  /** Aborts when runs must be given back: those under way, and any that would begin now. */
  ending: AbortSignal;
  /** Aborts when even what a run achieved can wait no longer for the database. */
  giveUp: AbortSignal;
}

/** Milliseconds until a job is looked at again whose earlier run may be under way. */
const LOOK_AGAIN = 2_000;

/** Milliseconds that a job waits in its queue's slot for its turn. */
const ITS_TURN = 500;

/** Milliseconds that a handler has to stop once its signal has aborted. */
const STOP = 2_000;

const SHUT_DOWN = "the process shuts down";

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
  );

/**
 * Does what the broker delivers. The ledger is written here, around the handler, and never by the broker's events,
 * which are lost when the broker is emptied.
 */
export const createDeliveries = <Tx>(deps: Deps<Tx>) => {
  const { database, broker, log, nudge, workerId, ending, giveUp } = deps;
  const { sql } = database;
  const start = batched(
    async (items: Delivery[]) => inOrder(items, await startJobs(sql, items, workerId)),
    giveUp,
  );
  const complete = batched(
    async (items: Completion[]) => inOrder(items, await completeJobs(sql, items)),
    giveUp,
  );
  const setBack = batched(
    async (items: Setback[]) => inOrder(items, await setBackJobs(sql, items, workerId)),
    giveUp,
  );
  /** A failure ends a job as a success does: whoever waits for it learns in the same transaction. */
  const recordChildEnd = async (setback: Setback): Promise<Delivery | undefined> => {
    let parentIsDue = false;
    const settle = () =>
      database.transaction(async (_tx, inside) => {
        const [settled] = await setBackJobs(inside, [setback], workerId);
        if (settled) parentIsDue = await advanceParent(inside, setback.id);
        return settled;
      });
    const settled = await retryWhileUnavailable(settle, giveUp);
    if (parentIsDue) nudge();
    return settled;
  };
  const running = new Map<string, OpenRun<Tx>>();

  const perform = async ({ job, handler }: Worker<Tx>, started: StartedJob): Promise<void> => {
    if (started.crashes >= job.crashes)
      throw new PermanentError(`its process died ${started.crashes} times while running it`);
    const payload = job.payload.safeParse(started.payload);
    if (!payload.success)
      throw new PermanentError(`the payload does not fit: ${payload.error.issues[0]?.message}`);
    if (ending.aborted) throw new ReleaseError(SHUT_DOWN);
    const open = openRun(database, started, job.timeout, complete);
    running.set(brokerIdOf(started), open);
    const { signal } = open.run;
    const work = (async () => handler(payload.data, open.run))();
    try {
      const result = await Promise.race([work, aborted(signal)]);
      const json = toJson(result);
      await retryWhileUnavailable(() => open.finish(json), giveUp);
    } finally {
      open.close();
      // The next run is not to begin beside this one.
      if (signal.aborted) await Promise.race([work.catch(() => {}), sleep(STOP)]);
      running.delete(brokerIdOf(started));
    }
    if (open.madeDue) nudge();
  };

  const release = async (delivered: Delivered, token: string, delay: number): Promise<never> => {
    await delivered.moveToDelayed(Date.now() + delay, token);
    throw new DelayedError();
  };

  const passOn = async (
    job: JobDefinition,
    delivered: Delivered,
    token: string,
    error: unknown,
    setback: Setback,
  ) => {
    if (setback.outcome === "failed") throw new UnrecoverableError(setback.error ?? "failed");
    if (setback.outcome === "retry") throw new RetryError(setback.error ?? "retry", setback.delay);
    if (error instanceof RateLimitedError && job.rateLimit) {
      const queue = broker.queue(job.name);
      // Another job may have been told to wait longer.
      if ((await queue.getRateLimitTtl()) < error.ms) await queue.rateLimit(error.ms);
      throw BrokerWorker.RateLimitError();
    }
    return release(delivered, token, setback.delay);
  };

  const deliver = async (worker: Worker<Tx>, delivered: Delivered, token: string): Promise<string> => {
    const { job } = worker;
    const delivery = parseBrokerId(delivered.id);
    if (!delivery) {
      log.warn({ job: job.name, brokerId: delivered.id }, "not a job of the ledger: left out");
      return "superseded";
    }
    if (running.has(brokerIdOf(delivery))) return release(delivered, token, LOOK_AGAIN);
    const began = performance.now();
    const started = await start(delivery).catch((error: unknown) => {
      throw new RetryError(describeError(error), 1_000);
    });
    // A broker that lost its last moments delivers again what a living worker runs.
    if (!started)
      return (await isRunning(sql, delivery)) ? release(delivered, token, LOOK_AGAIN) : "superseded";
    const run = { job: job.name, id: delivery.id, attempt: started.attempt + 1 };
    const ms = () => Math.round(performance.now() - began);
    try {
      await perform(worker, started);
      log.info({ ...run, ms: ms(), outcome: "completed" }, "job");
      return "completed";
    } catch (error) {
      const setback = { ...delivery, ...classify(job, started, error) };
      const { outcome, error: text, delay } = setback;
      const record = started.parentId && outcome === "failed" ? recordChildEnd : setBack;
      const isTheirs = !(error instanceof SupersededError) && (await record(setback));
      if (!isTheirs) {
        log.info({ ...run, ms: ms(), outcome: "superseded", ...(text && { error: text }) }, "job");
        return "superseded";
      }
      if (outcome === "failed") log.error({ ...run, ms: ms(), outcome, error: text }, "job");
      else log.info({ ...run, ms: ms(), outcome, delay, ...(text && { error: text }) }, "job");
      return await passOn(job, delivered, token, error, setback);
    }
  };

  // A job that was running when its process died may have killed it. Of one queue, such jobs run one after the other, so
  // that the innocent are not found beside the guilty again and again. Who waits long makes room for others.
  const quarantine = new Map<string, Promise<boolean>>();
  const deliverAgain = async (worker: Worker<Tx>, delivered: Delivered, token: string) => {
    const { name } = worker.job;
    const patience = sleep(ITS_TURN, "over" as const);
    while (quarantine.has(name))
      if ((await Promise.race([quarantine.get(name), patience])) === "over")
        return release(delivered, token, LOOK_AGAIN);
    const delivery = deliver(worker, delivered, token);
    const over = () => quarantine.delete(name);
    quarantine.set(name, delivery.then(over, over));
    return delivery;
  };

  /** Stops the runs with these ids in the broker; each gives its job back. */
  const releaseRuns = (reason: string, brokerIds: readonly string[]): void => {
    for (const brokerId of brokerIds) running.get(brokerId)?.abort(new ReleaseError(reason));
  };
  ending.addEventListener("abort", () => releaseRuns(SHUT_DOWN, [...running.keys()]), { once: true });

  return {
    /** The broker's side of a handler. */
    processor:
      (worker: Worker<Tx>): Processor<unknown, unknown> =>
      (delivered, token = "") =>
        (delivered.stalledCounter === 0 ? deliver : deliverAgain)(worker, delivered, token),
    /**
     * The broker no longer holds these runs' locks. Where another worker has the job now, ours stops; where the broker
     * forgot the job, nobody else has it, and ours goes on.
     */
    releaseLost: async (brokerIds: readonly string[]): Promise<void> => {
      const ours = await stillRunBy(
        sql,
        brokerIds.flatMap((brokerId) => parseBrokerId(brokerId) ?? []),
        workerId,
      );
      const kept = new Set(ours.map(brokerIdOf));
      releaseRuns(
        "another worker has the job",
        brokerIds.filter((brokerId) => !kept.has(brokerId)),
      );
    },
  };
};
