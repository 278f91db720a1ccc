import { setTimeout as sleep } from "node:timers/promises";
import { Worker as BrokerWorker, type Processor } from "bullmq";
import { refuse, release, RetryError, type Held } from "./answer.ts";
import { retryWhileUnavailable } from "./batch.ts";
import type { Broker } from "./broker.ts";
import type { Database } from "./enqueue.ts";
import {
  CrashedError,
  describeError,
  PermanentError,
  RateLimitedError,
  ReleaseError,
  SupersededError,
} from "./errors.ts";
import type { JobDefinition, Worker } from "./job.ts";
import { findDelivered, stillRunBy, type StartedJob } from "./ledger/runs.ts";
import { brokerIdOf, parseBrokerId, toJson, type Delivery } from "./ledger/sql.ts";
import type { Log } from "./log.ts";
import { withOrigin } from "./origin.ts";
import { classify, reporter, type Observe } from "./outcome.ts";
import { createAlerts, limitQueue, type Consumer } from "./pause.ts";
import { createQuarantine } from "./quarantine.ts";
import { createRunLedger } from "./run-ledger.ts";
import { openRun, type OpenRun } from "./run.ts";
import { inRunSpan, markEnd } from "./run-span.ts";
import type { Tally } from "./tally.ts";
import type { Span, Tracing } from "./trace.ts";

interface Deps<Tx> {
  database: Database<Tx>;
  broker: Broker;
  log: Log;
  observe: Observe;
  tracing?: Tracing | undefined;
  tally: Pick<Tally, "during">;
  nudge(): void;
  /** Recorded with every run. */
  workerId: string;
  /** Aborts when runs must be released: those in progress, and any that would begin now. */
  ending: AbortSignal;
  /** Aborts when the process can wait no longer for the database to record what runs achieved. */
  giveUp: AbortSignal;
}

/** Milliseconds until the broker delivers a job again whose earlier run may still be in progress. */
const LOOK_AGAIN = 2_000;

/** Milliseconds that a handler has to stop after its signal aborted. */
const STOP = 2_000;

const SHUT_DOWN = "the process shuts down";

/**
 * Runs what the broker delivers. The ledger is written here, around the handler, and never from the broker's events,
 * which are lost when the broker is emptied.
 */
export const createDeliveries = <Tx>(deps: Deps<Tx>) => {
  const { database, broker, log, observe, tracing, tally, nudge, workerId, ending, giveUp } = deps;
  const ledger = createRunLedger(database, workerId, giveUp, nudge);
  const inQuarantine = createQuarantine();
  const alert = createAlerts(log);
  const running = new Map<string, OpenRun<Tx>>();
  /** What this process handles, from before its start is recorded: the ledger lets a process start its jobs again. */
  const claimed = new Set<string>();

  const deliver = async (worker: Worker<Tx>, held: Held): Promise<string> => {
    const brokerId = held.brokerJob.id;
    const delivery = parseBrokerId(brokerId);
    if (!delivery) {
      log.warn({ job: worker.job.name, brokerId }, "not a job of the ledger: skipped");
      return "skipped";
    }
    const claim = brokerIdOf(delivery);
    if (claimed.has(claim)) return release(held, LOOK_AGAIN);
    claimed.add(claim);
    return begin(worker, delivery, held).finally(() => claimed.delete(claim));
  };

  const begin = async (worker: Worker<Tx>, delivery: Delivery, held: Held): Promise<string> => {
    // A pause does not end a fetch that is waiting for a job.
    if (held.consumer.isPaused) return release(held, 0);
    const started = await ledger.start(delivery).catch((error: unknown) => {
      throw new RetryError(describeError(error), 1_000);
    });
    if (started)
      return tally.during(worker.job.name, () =>
        inRunSpan(tracing, worker.job.name, started, (span) => run(worker, started, held, span)),
      );
    const known = await findDelivered(database.sql, delivery);
    // A broker that lost its last moments delivers jobs that a live worker is running.
    if (known?.isRunning) return release(held, LOOK_AGAIN);
    // A ledger that was restored from a backup has lost what was enqueued since. So have jobs that were removed.
    if (!known || known.epoch < delivery.epoch)
      log.warn({ job: worker.job.name, ...delivery }, "the ledger does not know this delivery: skipped");
    return "superseded";
  };

  const run = async (worker: Worker<Tx>, started: StartedJob, held: Held, span?: Span) => {
    const { job } = worker;
    const report = reporter(job, started, observe, span);
    try {
      await withOrigin({ causeId: started.id, tracing }, () => perform(worker, started));
    } catch (error) {
      const { id, epoch } = started;
      const outcome = { id, epoch, ...classify(job, started, error), span: span?.traceparent };
      const isOurs = !(error instanceof SupersededError) && (await ledger.end(job, started, outcome));
      const ended = isOurs ? outcome : { outcome: "superseded" as const, error: describeError(error) };
      if (span) markEnd(span, ended);
      report(ended);
      if (!isOurs) return "superseded";
      if (error instanceof RateLimitedError) return pause(job, error, held);
      return refuse(held, outcome);
    }
    if (span) markEnd(span, { outcome: "completed" });
    report({ outcome: "completed" });
    return "completed";
  };

  const perform = async ({ job, handler, crashed }: Worker<Tx>, started: StartedJob): Promise<void> => {
    const payload = job.payload.safeParse(started.payload);
    if (started.crashes >= job.crashes) {
      if (payload.success) await crashed?.(payload.data, started.id);
      throw new CrashedError(`its process died ${started.crashes} times while running it`);
    }
    if (!payload.success)
      throw new PermanentError(`the payload does not match the schema: ${payload.error.issues[0]?.message}`);
    if (ending.aborted) throw new ReleaseError(SHUT_DOWN);
    const open = openRun(database, started, job, ledger.complete);
    const { signal } = open.run;
    running.set(brokerIdOf(started), open);
    const work = (async () => handler(payload.data, open.run))();
    try {
      const json = toJson(await Promise.race([work, aborted(signal)]));
      await retryWhileUnavailable(() => open.finish(json), giveUp);
    } finally {
      open.close();
      // The next run must not overlap with this one.
      if (signal.aborted) await Promise.race([work.catch(() => {}), sleep(STOP)]);
      running.delete(brokerIdOf(started));
    }
    if (open.madeDue) nudge();
  };

  const pause = async (job: JobDefinition, error: RateLimitedError, held: Held): Promise<never> => {
    alert(job.name, error);
    if (error.scope === "process") {
      await held.consumer.pause(error.ms);
      return release(held, 0);
    }
    if (!job.rateLimit) return release(held, error.ms);
    await limitQueue(broker, job.name, error.ms);
    throw BrokerWorker.RateLimitError();
  };

  /** Stops these runs. Each releases its job. */
  const releaseRuns = (reason: string, brokerIds: readonly string[]): void => {
    for (const brokerId of brokerIds) running.get(brokerId)?.abort(new ReleaseError(reason));
  };
  ending.addEventListener("abort", () => releaseRuns(SHUT_DOWN, [...running.keys()]), { once: true });

  return {
    /** The function that the broker calls for each delivery. */
    processor:
      (worker: Worker<Tx>, consumer: Consumer): Processor<unknown, unknown> =>
      async (brokerJob, token = "") => {
        const held = { brokerJob, token, consumer };
        const delivered = () => deliver(worker, held);
        if (brokerJob.stalledCounter === 0) return delivered();
        return (await inQuarantine(worker.job.name, delivered)) ?? release(held, LOOK_AGAIN);
      },

    /**
     * Handles lost locks. Runs whose job another worker has now are stopped. Where the broker forgot the job, no other
     * worker has it, and the run continues.
     */
    releaseLost: async (brokerIds: readonly string[]): Promise<void> => {
      const lost = brokerIds.flatMap((brokerId) => parseBrokerId(brokerId) ?? []);
      const kept = new Set((await stillRunBy(database.sql, lost, workerId)).map(brokerIdOf));
      releaseRuns(
        "another worker has the job",
        brokerIds.filter((brokerId) => !kept.has(brokerId)),
      );
    },
  };
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
  );
