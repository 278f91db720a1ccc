import { v7 as uuidv7 } from "uuid";
import type { z } from "zod";
import type { Child, ChildNode, EnqueueOptions, FlowNode, OnFailure, JobDefinition } from "./job.ts";
import { prepareJob } from "./insert.ts";
import { HAS_OPEN_CHILDREN } from "./ledger.ts";
import type { Place } from "./insert.ts";
import type { Sql } from "./ledger.ts";

interface NodeOptions extends EnqueueOptions {
  onFailure?: OnFailure;
  /** They run first, all at the same time. */
  children?: readonly ChildNode[];
}

/**
 * A job of a flow, for `enqueueFlow`. Every child says what its failure does to its parent.
 * @throws TypeError when a child has an idempotency key: the key of its root stands for the whole flow
 */
export const node = <Schema extends z.ZodType, Options extends NodeOptions>(
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options?: Options,
): FlowNode & Pick<Options, keyof Options & "onFailure"> => {
  const { children = [], onFailure, ...rest }: NodeOptions = options ?? {};
  const keyed = children.find((child) => child.job.key);
  if (keyed) throw new TypeError(`the job ${keyed.job.name} has an idempotency key and cannot be a child`);
  const made = {
    job: job as JobDefinition,
    payload,
    options: rest,
    children,
    ...(onFailure && { onFailure }),
  };
  return made as FlowNode & Pick<Options, keyof Options & "onFailure">;
};

type Insertion = (sql: Sql, place: Place) => Promise<string>;

interface Prepared {
  insert: Insertion;
  onFailure: OnFailure | null;
  children: Prepared[];
}

const prepare = (each: FlowNode & { onFailure?: OnFailure }): Prepared => ({
  insert: prepareJob(each.job, each.payload, each.options),
  onFailure: each.onFailure ?? null,
  children: each.children.map(prepare),
});

/** Inserts a node and what is below it. Resolves with its id, or with the id of the job that has the same key. */
const insertTree = async (sql: Sql, tree: Prepared, parent?: { id: string; rootId: string }) => {
  const id = uuidv7();
  const rootId = parent?.rootId ?? id;
  const inserted = await tree.insert(sql, {
    id,
    rootId,
    parentId: parent?.id ?? null,
    onFailure: tree.onFailure,
    state: tree.children.length > 0 ? "WAITING" : "PENDING",
  });
  if (inserted === id) for (const child of tree.children) await insertTree(sql, child, { id, rootId });
  return inserted;
};

/**
 * Checks a flow and returns its insertion, as `prepareJob` does for one job.
 * @throws ZodError when a payload does not fit its job's schema
 */
export const prepareFlow = (root: FlowNode): ((sql: Sql) => Promise<string>) => {
  const tree = prepare(root);
  return (sql) => insertTree(sql, tree);
};

/** What became of the jobs that this one waited for, in the order of their creation. */
export const childrenOf = (sql: Sql, id: string): Promise<Child[]> =>
  sql(`SELECT id, name, payload, state, result, error FROM "Job" WHERE "parentId" = $1::uuid ORDER BY id`, [
    id,
  ]);

interface Ended {
  name: string;
  state: string;
  error: string | null;
  parentId: string | null;
  onFailure: OnFailure | null;
}

/**
 * Tells the parent of a job that has just ended, in the same transaction: starts it when this was the last child, or
 * fails it. Resolves with whether a job has become due.
 */
export const advanceParent = async (sql: Sql, id: string): Promise<boolean> => {
  const [ended] = await sql<Ended>(
    `SELECT name, state, error, "parentId", "onFailure" FROM "Job" WHERE id = $1::uuid`,
    [id],
  );
  if (!ended?.parentId) return false;
  // Two last children may end at the same time: the lock makes one of them see that the other has ended.
  await sql(`SELECT FROM "Job" WHERE id = $1::uuid FOR UPDATE`, [ended.parentId]);
  if (ended.state === "FAILED" && ended.onFailure === "fail-parent") {
    const error = `its child ${ended.name} failed: ${ended.error}`.slice(0, 500);
    return (await failWaiting(sql, ended.parentId, error)) ? advanceParent(sql, ended.parentId) : false;
  }
  const due = await sql(
    `UPDATE "Job" j SET state = 'PENDING', "dueAt" = greatest(now(), "dueAt")
     WHERE id = $1::uuid AND state = 'WAITING' AND NOT ${HAS_OPEN_CHILDREN} RETURNING id`,
    [ended.parentId],
  );
  return due.length > 0;
};

const failWaiting = async (sql: Sql, id: string, error: string): Promise<boolean> => {
  const failed = await sql(
    `UPDATE "Job" SET state = 'FAILED', "finishedAt" = now(), error = $2
     WHERE id = $1::uuid AND state = 'WAITING' RETURNING id`,
    [id, error],
  );
  return failed.length > 0;
};

/** How far flows are, by the ids of their roots: from 0 to 1, the mean over their jobs. A job that has ended counts 1. */
export const flowProgress = async (sql: Sql, rootIds: readonly string[]): Promise<Map<string, number>> => {
  const rows = await sql<{ rootId: string; progress: number }>(
    `SELECT "rootId", avg(CASE
       WHEN state IN ('COMPLETED', 'FAILED', 'CANCELLED') THEN 1
       WHEN jsonb_typeof(progress) = 'number' THEN least(1, greatest(0, progress::float8))
       ELSE 0 END)::float8 AS progress
     FROM "Job" WHERE "rootId" = ANY ($1::uuid[]) GROUP BY "rootId"`,
    [rootIds],
  );
  return new Map(rows.map(({ rootId, progress }) => [rootId, progress]));
};
