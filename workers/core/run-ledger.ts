import { batched, retryWhileUnavailable } from "./batch.ts";
import type { Database } from "./enqueue.ts";
import type { JobDefinition } from "./job.ts";
import { advanceParent } from "./ledger/flow.ts";
import { advanceOrder, lockOrders, promoteNextOf, type OrderedJob } from "./ledger/order.ts";
import {
  completeJobs,
  recordOutcomes,
  startJobs,
  type Completion,
  type RunOutcome,
  type StartedJob,
} from "./ledger/runs.ts";
import { inOrder, type Delivery } from "./ledger/sql.ts";

/** What a worker process writes about its runs. Single writes share statements and outlast a restart of PostgreSQL. */
export interface RunLedger {
  /** Resolves with undefined when the delivery must not run, see `startJobs`. */
  start(delivery: Delivery): Promise<StartedJob | undefined>;
  /** Resolves with undefined when another delivery finished the job. */
  complete(item: Completion & OrderedJob): Promise<Delivery | undefined>;
  /**
   * Records a run that did not complete its job. Resolves with undefined when the run was not this worker's any more.
   */
  end(job: JobDefinition, started: StartedJob, outcome: RunOutcome): Promise<Delivery | undefined>;
}

/** @param giveUp aborts when the process can wait no longer for the database */
export const createRunLedger = <Tx>(
  database: Database<Tx>,
  workerId: string,
  giveUp: AbortSignal,
  nudge: () => void,
): RunLedger => {
  const { sql } = database;
  const record = batched(
    async (items: RunOutcome[]) => inOrder(items, await recordOutcomes(sql, items, workerId)),
    giveUp,
  );

  const completeAlone = batched(
    async (items: Completion[]) => inOrder(items, await completeJobs(sql, items)),
    giveUp,
  );

  /** Completions of jobs with ordering keys share a transaction, which makes the next jobs of their keys due. */
  const completeOrdered = batched(async (items: (Completion & OrderedJob)[]) => {
    let nextIsDue = false;
    const completed = await database.transaction(async (_tx, inTransaction) => {
      await lockOrders(inTransaction, items);
      const rows = await completeJobs(inTransaction, items);
      nextIsDue = await promoteNextOf(inTransaction, items);
      return rows;
    });
    if (nextIsDue) nudge();
    return inOrder(items, completed);
  }, giveUp);

  /** Lets the job's parent and the next one of its key go on in the same transaction, as a completion does. */
  const fail = async ({ name }: JobDefinition, { orderKey }: StartedJob, outcome: RunOutcome) => {
    let othersAreDue = false;
    const recordFailure = () =>
      database.transaction(async (_tx, inTransaction) => {
        const [recorded] = await recordOutcomes(inTransaction, [outcome], workerId);
        if (!recorded) return undefined;
        const parentIsDue = await advanceParent(inTransaction, outcome.id);
        const nextIsDue = orderKey !== null && (await advanceOrder(inTransaction, name, orderKey));
        othersAreDue = parentIsDue || nextIsDue;
        return recorded;
      });
    const recorded = await retryWhileUnavailable(recordFailure, giveUp);
    if (othersAreDue) nudge();
    return recorded;
  };

  return {
    start: batched(
      async (items: Delivery[]) => inOrder(items, await startJobs(sql, items, workerId)),
      giveUp,
    ),
    complete: (item) => (item.orderKey === null ? completeAlone(item) : completeOrdered(item)),
    end: (job, started, outcome) => {
      const isAlone = started.parentId === null && started.orderKey === null;
      return outcome.outcome === "failed" && !isAlone ? fail(job, started, outcome) : record(outcome);
    },
  };
};
