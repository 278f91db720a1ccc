import { v7 as uuidv7 } from "uuid";
import type { z } from "zod";
import type { EnqueueOptions, FlowNode, JobDefinition, OnFailure } from "./job.ts";
import { insertJob } from "./ledger/insert.ts";
import { toJson, type Sql } from "./ledger/sql.ts";

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
 * @throws RangeError when an option is out of range
 */
export type EnqueueFlow = (root: FlowNode) => Promise<string>;

/** The way to enqueue: in a transaction, together with the data that the job belongs to. */
export interface Jobs<Tx> {
  transaction<Result>(
    work: (scope: { tx: Tx; enqueue: Enqueue; enqueueFlow: EnqueueFlow }) => Promise<Result>,
  ): Promise<Result>;
}

/** Binds jobs to a database. `nudge` is called after each commit that enqueued something; pass the relay's. */
export const createJobs = <Tx>(database: Database<Tx>, nudge: () => void): Jobs<Tx> => ({
  transaction: async (work) => {
    let enqueued = false;
    const result = await database.transaction((tx, sql) => {
      const insert = (insertion: Insertion): Promise<string> => {
        enqueued = true;
        return insertion(sql);
      };
      return work({
        tx,
        enqueue: async (job, payload, options) => insert(prepareJob(job, payload, options)),
        enqueueFlow: async (root) => insert(prepareFlow(root)),
      });
    });
    if (enqueued) nudge();
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
  const priority = typeof job.priority === "function" ? job.priority(parsed) : job.priority;
  const columns = {
    name: job.name,
    payload: toJson(payload),
    key: job.key?.(parsed) ?? null,
    priority: wholeNumber("priority", options.priority ?? priority, MAX_PRIORITY),
    delay: wholeNumber("delay", Math.ceil(options.delay ?? 0), Number.MAX_SAFE_INTEGER),
    onFailure: node.onFailure ?? null,
    state: node.children.length > 0 ? ("WAITING" as const) : ("PENDING" as const),
  };
  const children = node.children.map(prepareNode);
  const isAlone = children.length === 0;

  return async (sql: Sql, parent?: Parent): Promise<string> => {
    const id = uuidv7();
    const rootId = parent?.rootId ?? (isAlone ? null : id);
    const inserted = await insertJob(sql, { ...columns, id, rootId, parentId: parent?.id ?? null });
    if (inserted === id && rootId) for (const insert of children) await insert(sql, { id, rootId });
    return inserted;
  };
};

/** BullMQ's largest priority. */
const MAX_PRIORITY = 2_097_151;

const wholeNumber = (what: string, value: number, max: number): number => {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(`${what} ${value}: must be a whole number from 0 to ${max}`);
};
