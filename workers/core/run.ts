import { SupersededError } from "./errors.ts";
import { childrenOf, prepareFlow, advanceParent } from "./flow.ts";
import type { EnqueueOptions, JobDefinition, Run } from "./job.ts";
import type { Database } from "./enqueue.ts";
import { prepareJob } from "./insert.ts";
import { completeJobs, recordProgress, toJson } from "./ledger.ts";
import type { Completion, Delivery, Sql, StartedJob } from "./ledger.ts";

/** A run under way, as whoever drives it sees it. */
export interface OpenRun<Tx> {
  readonly run: Run<Tx>;
  /** Whether the job is completed and made others due: its follow-ups, or its parent. */
  readonly madeDue: boolean;
  /** Aborts the run's signal. */
  abort(reason: Error): void;
  /** Stops the clock. */
  close(): void;
  /**
   * Completes the job with the handler's return value, as JSON, unless `run.complete` did. May be tried again.
   * @throws SupersededError when another delivery finished the job
   */
  finish(result: string): Promise<void>;
}

/** Opens a run that may take `timeout` ms. `complete` resolves with nothing when it was too late. */
export const openRun = <Tx>(
  database: Database<Tx>,
  started: StartedJob,
  timeout: number,
  complete: (item: Completion) => Promise<Delivery | undefined>,
): OpenRun<Tx> => {
  const { id, epoch, parentId } = started;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error(`timed out after ${timeout} ms`)), timeout);
  const followUps: ((sql: Sql) => Promise<string>)[] = [];
  let completed = false;
  let parentIsDue = false;
  let told: Promise<unknown> = Promise.resolve();

  const settled = (done: Delivery | undefined) => {
    if (!done) throw new SupersededError(`job ${id} was finished by another delivery`);
  };

  const completeWith = <Result>(effect: (tx: Tx) => Promise<Result>, json?: string): Promise<Result> =>
    database.transaction(async (tx, sql) => {
      const result = await effect(tx);
      for (const insert of followUps) await insert(sql);
      settled((await completeJobs(sql, [{ id, epoch, result: json ?? toJson(result) }]))[0]);
      if (parentId) parentIsDue = await advanceParent(sql, id);
      return result;
    });

  /** @throws Error when the transaction that would insert it is over */
  const follow = (insertion: (sql: Sql) => Promise<string>): void => {
    if (completed)
      throw new Error("run.enqueue was called after run.complete, which takes the follow-ups along");
    followUps.push(insertion);
  };

  return {
    run: {
      id,
      attempt: started.attempt + 1,
      signal: stop.signal,
      // One after the other, because a handler may call from many places at once, and the last value is the one to stay.
      progress: async (value) => {
        const tell = () => recordProgress(database.sql, started, value);
        await (told = told.then(tell, tell));
      },
      enqueue: (job: JobDefinition, payload: unknown, options?: EnqueueOptions) =>
        follow(prepareJob(job, payload, options)),
      enqueueFlow: (root) => follow(prepareFlow(root)),
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
      return completed && (followUps.length > 0 || parentIsDue);
    },
    abort: (reason) => stop.abort(reason),
    close: () => clearTimeout(timer),
    finish: async (result) => {
      clearTimeout(timer);
      if (completed) return;
      if (followUps.length > 0 || parentId) await completeWith(async () => {}, result);
      else settled(await complete({ id, epoch, result }));
      completed = true;
    },
  };
};
