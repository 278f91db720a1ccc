import type { Tx } from "../../infra/database.ts";

/** What a burn-down is drawn from. */
interface Measured {
  id: string;
  projectId: string;
  state: "TODO" | "DOING" | "DONE";
  sprintId: string | null;
  estimate: number | null;
}

/** Records what a task is from `at` on. Call it while the task is locked, so that the changes of a task are in order. */
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

/** Takes every task out of a sprint and records it, in one statement however many there are. */
export const endSprintOfTasks = async (tx: Tx, sprintId: string): Promise<void> => {
  await tx.$executeRaw`
    WITH moved AS (
      UPDATE "Task" SET "sprintId" = NULL WHERE "sprintId" = ${sprintId}::uuid
      RETURNING id, "projectId", state, estimate)
    INSERT INTO "TaskChange" (id, "projectId", "taskId", at, state, estimate)
    SELECT gen_random_uuid(), "projectId", id, clock_timestamp(), state, estimate FROM moved`;
};
