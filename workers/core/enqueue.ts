import { v7 as uuidv7 } from "uuid";
import type { z } from "zod";
import { prepareMany, type EnqueueMany } from "./enqueue-many.ts";
import {
  priorityOf,
  wholeNumber,
  type EnqueueOptions,
  type FlowNode,
  type JobDefinition,
  type OnFailure,
} from "./job.ts";
import { insertJob } from "./ledger/insert.ts";
import { promoteNext } from "./ledger/order.ts";
import { toJson, type Sql } from "./ledger/sql.ts";
import { traced } from "./origin.ts";
import { jobAttributes } from "./trace.ts";

/**
 * How core reaches PostgreSQL: single statements, and transactions of the database client that the application uses.
 */
export interface Database<Tx> {
  sql: Sql;
  /** Commits what `work` did, or rolls all of it back when it throws. `sql` runs inside the transaction. */
  transaction<Result>(work: (tx: Tx, sql: Sql) => Promise<Result>): Promise<Result>;
}

/**
 * Adds a job to the surrounding transaction and resolves with its id; with the id of the existing job if there is one
 * with the same idempotency key. The job exists if, and only if, the transaction commits.
 * With an ordering key, it waits for other transactions that have enqueued for the key and are not committed.
 * @throws ZodError when the payload does not match the job's schema
 * @throws RangeError when an option is out of range
 */
export type Enqueue = <Schema extends z.ZodType>(
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options?: EnqueueOptions,
) => Promise<string>;

/**
 * Adds a tree of jobs to the surrounding transaction and resolves with the id of its root. If the root has an
 * idempotency key and its job exists, nothing is added.
 * @throws ZodError when a payload does not match its job's schema
 * @throws TypeError when a job with children has an ordering key
 * @throws RangeError when an option is out of range
 */
export type EnqueueFlow = (root: FlowNode) => Promise<string>;

/** The way to enqueue: in a transaction, together with the data that the job belongs to. */
export interface Jobs<Tx> {
  transaction<Result>(
    work: (scope: {
      tx: Tx;
      /** Runs a statement of your own in the transaction. */
      sql: Sql;
      enqueue: Enqueue;
      enqueueFlow: EnqueueFlow;
      enqueueMany: EnqueueMany;
    }) => Promise<Result>,
  ): Promise<Result>;
}

/**
 * Binds jobs to a database. `nudge` is called after each commit that enqueued something other than a batch, which can
 * wait for the relay's next poll; pass the relay's.
 */
export const createJobs = <Tx>(database: Database<Tx>, nudge: () => void): Jobs<Tx> => ({
  transaction: async (work) => {
    let urgent = false;
    const result = await database.transaction((tx, sql) => {
      const insert = <Inserted>(insertion: (sql: Sql) => Promise<Inserted>): Promise<Inserted> => {
        urgent = true;
        return insertion(sql);
      };
      return work({
        tx,
        sql,
        enqueue: async (job, payload, options) => insert(prepareJob(job, payload, options)),
        enqueueFlow: async (root) => insert(prepareFlow(root)),
        enqueueMany: async (job, items, options) => {
          const insertion = prepareMany(job, items, options);
          return options?.batch ? insertion(sql) : insert(insertion);
        },
      });
    });
    if (urgent) nudge();
    return result;
  },
});

/** Inserts checked jobs, and resolves with the id of the first. Runs in a transaction if `sql` does. */
export type Insertion = (sql: Sql) => Promise<string>;

/** Checks a job and returns its insertion. Throws as `Enqueue` does. */
export const prepareJob = <Schema extends z.ZodType>(
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options: EnqueueOptions = {},
): Insertion => prepareFlow({ job, payload, options, children: [] });

/** Checks a flow and returns its insertion. Throws as `EnqueueFlow` does. */
export const prepareFlow = (root: FlowNode): Insertion => {
  const insert = prepareNode(root);
  return (sql) => insert(sql);
};

interface Parent {
  id: string;
  rootId: string;
}

const prepareNode = (node: FlowNode & { onFailure?: OnFailure }) => {
  const { job, payload, options } = node;
  const parsed = job.payload.parse(payload);
  const orderKey = job.order?.(parsed) ?? null;
  const isParent = node.children.length > 0;
  // It would block the key until its children are done, which may wait for the key themselves.
  if (isParent && orderKey !== null)
    throw new TypeError(`${job.name} has an ordering key, so it cannot wait for children`);
  const columns = {
    name: job.name,
    payload: toJson(payload),
    key: job.key?.(parsed) ?? null,
    priority: priorityOf(job, parsed, options.priority),
    delay: wholeNumber("delay", Math.ceil(options.delay ?? 0), Number.MAX_SAFE_INTEGER),
    onFailure: node.onFailure ?? null,
    orderKey,
    state: isParent || orderKey !== null ? ("WAITING" as const) : ("PENDING" as const),
  };
  const children = node.children.map(prepareNode);
  const isAlone = children.length === 0;

  return async (sql: Sql, parent?: Parent): Promise<string> => {
    const id = uuidv7();
    const rootId = parent?.rootId ?? (isAlone ? null : id);
    const inserted = await traced(
      `enqueue ${job.name}`,
      { kind: "producer", attributes: jobAttributes("create", job.name, id) },
      () => insertJob(sql, { ...columns, id, rootId, parentId: parent?.id ?? null }),
    );
    if (orderKey !== null) await promoteNext(sql, job.name, [orderKey]);
    if (inserted === id && rootId) for (const insert of children) await insert(sql, { id, rootId });
    return inserted;
  };
};
