import { prepareFlow, prepareJob, type Database, type Insertion } from "./enqueue.ts";
import { SupersededError, TimeoutError } from "./errors.ts";
import type { EnqueueOptions, JobDefinition, Run } from "./job.ts";
import { advanceParent, childrenOf } from "./ledger/flow.ts";
import { advanceOrder, type OrderedJob } from "./ledger/order.ts";
import { completeJobs, recordProgress, type Completion, type StartedJob } from "./ledger/runs.ts";
import { toJson, type Delivery } from "./ledger/sql.ts";

/** A run in progress, as seen by the code that controls it. */
export interface OpenRun<Tx> {
  readonly run: Run<Tx>;
  /** Whether the job is completed and made others due: its follow-ups, its parent, or the next one of its key. */
  readonly madeDue: boolean;
  /** Aborts the run's signal. */
  abort(reason: Error): void;
  /** Stops the timeout. */
  close(): void;
  /**
   * Completes the job with the handler's result as JSON, unless `run.complete` did. Can be repeated after an error.
   * @throws SupersededError when another delivery finished the job
   */
  finish(result: string): Promise<void>;
}

/**
 * Opens a run, which may take `timeout` ms. `complete` resolves with undefined when another delivery finished the job.
 */
export const openRun = <Tx>(
  database: Database<Tx>,
  started: StartedJob,
  { name, timeout }: Pick<JobDefinition, "name" | "timeout">,
  complete: (item: Completion & OrderedJob) => Promise<Delivery | undefined>,
): OpenRun<Tx> => {
  const { id, epoch, parentId, orderKey } = started;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new TimeoutError(`timed out after ${timeout} ms`)), timeout);
  const followUps: Insertion[] = [];
  let completed = false;
  let othersAreDue = false;
  let lastProgress: Promise<unknown> = Promise.resolve();

  const refuseSuperseded = (done: Delivery | undefined) => {
    if (!done) throw new SupersededError(`another delivery finished job ${id}`);
  };

  const completeWith = <Result>(effect: (tx: Tx) => Promise<Result>, json?: string): Promise<Result> =>
    database.transaction(async (tx, sql) => {
      const result = await effect(tx);
      for (const insert of followUps) await insert(sql);
      refuseSuperseded((await completeJobs(sql, [{ id, epoch, result: json ?? toJson(result) }]))[0]);
      const parentIsDue = parentId !== null && (await advanceParent(sql, id));
      const nextIsDue = orderKey !== null && (await advanceOrder(sql, name, orderKey));
      othersAreDue = parentIsDue || nextIsDue;
      return result;
    });

  const addFollowUp = (insertion: Insertion): void => {
    if (completed) throw new Error("run.enqueue was called after run.complete, which commits the follow-ups");
    followUps.push(insertion);
  };

  return {
    run: {
      id,
      attempt: started.attempt + 1,
      signal: stop.signal,
      // In sequence, because a handler may call it concurrently, and the last value must be the one that stays.
      progress: async (value) => {
        const record = () => recordProgress(database.sql, started, value);
        await (lastProgress = lastProgress.then(record, record));
      },
      enqueue: (job: JobDefinition, payload: unknown, options?: EnqueueOptions) =>
        addFollowUp(prepareJob(job, payload, options)),
      enqueueFlow: (root) => addFollowUp(prepareFlow(root)),
      children: () => childrenOf(database.sql, id),
      complete: async (effect) => {
        if (completed) throw new Error("run.complete was called twice");
        const result = await completeWith(async (tx) => {
          const value = await effect(tx);
          stop.signal.throwIfAborted();
          return value;
        });
        completed = true;
        return result;
      },
    },
    get madeDue() {
      return completed && (followUps.length > 0 || othersAreDue);
    },
    abort: (reason) => stop.abort(reason),
    close: () => clearTimeout(timer),
    finish: async (result) => {
      clearTimeout(timer);
      if (completed) return;
      if (followUps.length > 0 || parentId) await completeWith(async () => {}, result);
      else refuseSuperseded(await complete({ id, epoch, result, name, orderKey }));
      completed = true;
    },
  };
};
