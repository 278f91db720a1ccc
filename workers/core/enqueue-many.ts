import { v7 as uuidv7 } from "uuid";
import type { z } from "zod";
import { priorityOf, type JobDefinition } from "./job.ts";
import { addToBatch, type Batch } from "./ledger/batches.ts";
import { insertJobs, type BatchedJob } from "./ledger/insert.ts";
import { lockKeys, promoteNext } from "./ledger/order.ts";
import { toJson, type Sql } from "./ledger/sql.ts";
import { traced } from "./origin.ts";
import { jobAttributes } from "./trace.ts";

/** Jobs per statement. */
const BATCH = 1_000;

/** One of many jobs. */
export interface ManyItem<Schema extends z.ZodType = z.ZodType> {
  payload: z.input<Schema>;
  /** Instead of the key that the job derives from the payload. */
  key?: string;
}

export interface ManyOptions {
  /** Counts the jobs as one batch, and lets the jobs of no batch pass them on their way to the broker. */
  batch?: Batch;
  /** Instead of the job's own priority. */
  priority?: number;
}

/**
 * Adds many jobs to the surrounding transaction, 1,000 per statement, and resolves with the number of new ones. Jobs
 * whose idempotency key exists are left out. The row of the batch stays locked until the commit: a transaction that
 * adds to several batches does it in the order of their ids.
 * @throws ZodError when a payload does not match the job's schema
 * @throws RangeError when the priority is out of range
 */
export type EnqueueMany = <Schema extends z.ZodType>(
  job: JobDefinition<Schema>,
  items: readonly ManyItem<Schema>[],
  options?: ManyOptions,
) => Promise<number>;

/** Checks jobs and returns their insertion. Throws as `EnqueueMany` does. */
export const prepareMany = <Schema extends z.ZodType>(
  job: JobDefinition<Schema>,
  items: readonly ManyItem<Schema>[],
  { batch, priority }: ManyOptions = {},
) => {
  const rows = items.map(({ payload, key }): BatchedJob => {
    const parsed = job.payload.parse(payload);
    return {
      payload: toJson(payload),
      key: key ?? job.key?.(parsed) ?? null,
      orderKey: job.order?.(parsed) ?? null,
      priority: priorityOf(job, parsed, priority),
    };
  });
  const orderKeys = rows.flatMap(({ orderKey }) => orderKey ?? []);
  const insertAll = async (sql: Sql): Promise<number> => {
    let inserted = 0;
    if (orderKeys.length > 0) await lockKeys(sql, job.name, orderKeys);
    for (let start = 0; start < rows.length; start += BATCH) {
      const some = rows.slice(start, start + BATCH).map((row) => ({ id: uuidv7(), ...row }));
      inserted += await insertJobs(sql, job.name, some, batch?.id ?? null);
    }
    if (orderKeys.length > 0) await promoteNext(sql, job.name, orderKeys);
    if (batch) await addToBatch(sql, batch, inserted);
    return inserted;
  };
  const attributes = { ...jobAttributes("create", job.name), "messaging.batch.message_count": rows.length };
  return (sql: Sql): Promise<number> =>
    traced(`enqueue ${job.name}`, { kind: "producer", attributes }, () => insertAll(sql));
};
