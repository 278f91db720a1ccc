import type { Tx } from "../../infra/database.ts";

/** What a burn-down is drawn from. */
interface Measured {
  id: string;
  projectId: string;
  state: "TODO" | "DOING" | "DONE";
  sprintId: string | null;
  estimate: number | null;
}

/**
 * Records what a task is from `at` on. Call it while the task is locked, so that the changes of a task are in order.
 */
export const recordTask = async (
  tx: Tx,
  { id, projectId, state, sprintId, estimate }: Measured,
  at: Date,
): Promise<void> => {
  await tx.taskChange.create({ data: { taskId: id, projectId, state, sprintId, estimate, at } });
};

/** Records that a task has been deleted. */
export const recordDeletion = async (
  tx: Tx,
  { id, projectId }: Pick<Measured, "id" | "projectId">,
  at: Date,
): Promise<void> => {
  await tx.taskChange.create({ data: { taskId: id, projectId, state: null, at } });
};

/** Whether a burn-down differs after this change of a task. */
export const differs = (before: Measured, after: Measured): boolean =>
  before.state !== after.state || before.sprintId !== after.sprintId || before.estimate !== after.estimate;

/** Takes up to `limit` tasks out of a locked sprint and records it. Resolves with how many: fewer if these were all. */
export const endSprintOfTasks = (tx: Tx, sprintId: string, limit: number): Promise<number> =>
  tx.$executeRaw`
    WITH chosen AS (
      SELECT id FROM "Task" WHERE "sprintId" = ${sprintId}::uuid LIMIT ${limit} FOR NO KEY UPDATE),
    moved AS (
      UPDATE "Task" t SET "sprintId" = NULL FROM chosen WHERE t.id = chosen.id
      RETURNING t.id, t."projectId", t.state, t.estimate)
    INSERT INTO "TaskChange" (id, "projectId", "taskId", at, state, estimate)
    SELECT gen_random_uuid(), "projectId", id, clock_timestamp(), state, estimate FROM moved`;
