import type { Sprint, Task } from "../../prisma/client/client.ts";
import type { Tx } from "../../infra/database.ts";
import { Problem } from "../http/problem.ts";
import { requireRole, type Role } from "./access.ts";

interface Caller {
  userId: string;
  needs: Role;
}

// Every transaction locks the project first, then a sprint or a task, then what a task refers to.

/** Locks a task for a change, and returns it as it is then. @throws Problem as `requireRole` */
export const lockTask = async (tx: Tx, id: string, caller: Caller): Promise<Task> => {
  await requireRole(tx, { ...caller, projectId: await projectOfTask(tx, id) });
  await tx.$queryRaw`SELECT id FROM "Task" WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
  return found(await tx.task.findUnique({ where: { id } }));
};

/** The same for a sprint. No task can be added to it meanwhile. */
export const lockSprint = async (tx: Tx, id: string, caller: Caller): Promise<Sprint> => {
  const { projectId } = found(await tx.sprint.findUnique({ where: { id }, select: { projectId: true } }));
  await requireRole(tx, { ...caller, projectId });
  await tx.$queryRaw`SELECT id FROM "Sprint" WHERE id = ${id}::uuid FOR UPDATE`;
  return found(await tx.sprint.findUnique({ where: { id } }));
};

/** Keeps a task from being deleted. */
export const holdTask = async (tx: Tx, id: string, caller: Caller): Promise<Role> => {
  const role = await requireRole(tx, { ...caller, projectId: await projectOfTask(tx, id) });
  const [row] = await tx.$queryRaw<object[]>`SELECT id FROM "Task" WHERE id = ${id}::uuid FOR KEY SHARE`;
  found(row);
  return role;
};

const projectOfTask = async (tx: Tx, id: string): Promise<string> =>
  found(await tx.task.findUnique({ where: { id }, select: { projectId: true } })).projectId;

const found = <Row>(row: Row | null | undefined): Row => {
  if (!row) throw new Problem("not-found");
  return row;
};
