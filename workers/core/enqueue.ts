import type { z } from "zod";
import { prepareFlow } from "./flow.ts";
import type { EnqueueOptions, FlowNode, JobDefinition } from "./job.ts";
import { insertJob } from "./insert.ts";
import type { Sql } from "./ledger.ts";

/** How core reaches PostgreSQL: single statements, and transactions of whatever client the application uses. */
export interface Database<Tx> {
  sql: Sql;
  /** Commits what `work` did, or rolls all of it back when it throws. `sql` runs inside the transaction. */
  transaction<Result>(work: (tx: Tx, sql: Sql) => Promise<Result>): Promise<Result>;
}

/**
 * Adds a job to the surrounding transaction and resolves with its id: the id of the first such job when the job has
 * an idempotency key. The job exists if, and only if, the transaction commits.
 * @throws ZodError when the payload does not fit the job's schema
 */
export type Enqueue = <Schema extends z.ZodType>(
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options?: EnqueueOptions,
) => Promise<string>;

/**
 * Adds a tree of jobs to the surrounding transaction, children before parents, and resolves with the id of its root. When
 * the root has an idempotency key and its job exists, nothing is added.
 * @throws ZodError when a payload does not fit its job's schema
 */
export type EnqueueFlow = (root: FlowNode) => Promise<string>;

/** The only way to enqueue: inside a transaction, together with the data that the job belongs to. */
export interface Jobs<Tx> {
  transaction<Result>(
    work: (scope: { tx: Tx; enqueue: Enqueue; enqueueFlow: EnqueueFlow }) => Promise<Result>,
  ): Promise<Result>;
}

/** Binds jobs to a database. `nudge` is called after each commit that enqueued something: wake the relay with it. */
export const createJobs = <Tx>(database: Database<Tx>, nudge: () => void): Jobs<Tx> => ({
  transaction: async (work) => {
    let enqueued = false;
    const result = await database.transaction((tx, sql) =>
      work({
        tx,
        enqueue: (job, payload, options) => {
          enqueued = true;
          return insertJob(sql, job, payload, options);
        },
        enqueueFlow: async (root) => {
          enqueued = true;
          return prepareFlow(root)(sql);
        },
      }),
    );
    if (enqueued) nudge();
    return result;
  },
});
