import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import type { Task } from "../../prisma/client/client.ts";
import type { Enqueue } from "../../workers/core/index.ts";
import type { AppDeps } from "../deps.ts";
import { announce } from "../http/announce.ts";
import { route } from "../http/contract.ts";
import { given, id } from "../http/fields.ts";
import { pageArguments, pageOf, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { checkAccess, requireRole, visibleTo } from "./access.ts";
import { lockTask } from "./locks.ts";
import { day, estimate, longText, reference, state, task, title } from "./shapes.ts";
import { differs, recordDeletion, recordTask } from "./task-changes.ts";
import { taskQuery, toWhere } from "./task-filter.ts";
import { checkReferences } from "./task-references.ts";
import { timesIn } from "./task-times.ts";
import { todayOf } from "./today.ts";

const fields = z.object({
  title,
  description: longText.optional(),
  state: state.optional(),
  sprintId: reference.nullable().optional(),
  assigneeId: reference.nullable().optional(),
  dueOn: day.nullable().optional(),
  estimate: estimate.nullable().optional(),
});

/** The tasks of a project. Each change that a burn-down shows is recorded with it: see task-changes.ts. */
export const taskRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/projects/:id/tasks",
      summary: "Create a task",
      access: "user",
      params: id,
      body: fields,
      status: 201,
      response: task,
      problems: ["wrong-role"],
      idempotent: true,
    },
    async ({ session: { userId }, params: { id: projectId }, body, transaction }) =>
      transaction(async ({ tx, enqueue }) => {
        await requireRole(tx, { projectId, userId, needs: "MEMBER" });
        const data = given(body);
        await checkReferences(tx, projectId, data);
        const createdAt = new Date();
        const times = timesIn(data.state ?? "TODO", createdAt);
        const created = await tx.task.create({
          data: { ...data, title: body.title, projectId, creatorId: userId, createdAt, ...times },
        });
        await recordTask(tx, created, createdAt);
        await announceAssignee({ tx, enqueue }, created, userId);
        return created;
      }),
  ),

  route(
    {
      method: "get",
      path: "/v1/projects/:id/tasks",
      summary: "List the tasks of a project, newest first",
      access: "user",
      params: id,
      query: taskQuery,
      status: 200,
      response: pageOf(task),
    },
    async ({ session: { userId }, params: { id: projectId }, query }) => {
      await checkAccess(prisma, { projectId, userId, needs: "VIEWER" });
      const { cursor, limit, ...filter } = query;
      const { where, ...rest } = pageArguments({ cursor, limit });
      const today = new Date(await todayOf(prisma, userId));
      const rows = await prisma.task.findMany({
        where: { ...where, projectId, ...toWhere(filter, today) },
        ...rest,
      });
      return toPage(rows, limit);
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/tasks/:id",
      summary: "Get a task",
      access: "user",
      params: id,
      status: 200,
      response: task,
    },
    async ({ session: { userId }, params }) => {
      const found = await prisma.task.findUnique({ where: { id: params.id, project: visibleTo(userId) } });
      if (!found) throw new Problem("not-found");
      return found;
    },
  ),

  route(
    {
      method: "patch",
      path: "/v1/tasks/:id",
      summary: "Change a task; the server keeps the times at which it was started and completed",
      access: "user",
      params: id,
      body: fields.partial(),
      status: 200,
      response: task,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params, body, transaction }) =>
      transaction(async ({ tx, enqueue }) => {
        const before = await lockTask(tx, params.id, { userId, needs: "MEMBER" });
        const data = given(body);
        await checkReferences(tx, before.projectId, data, before);
        const now = new Date();
        const times = timesIn(data.state ?? before.state, now, before);
        const after = await tx.task.update({ where: { id: params.id }, data: { ...data, ...times } });
        if (differs(before, after)) await recordTask(tx, after, now);
        if (after.assigneeId !== before.assigneeId) await announceAssignee({ tx, enqueue }, after, userId);
        return after;
      }),
  ),

  route(
    {
      method: "delete",
      path: "/v1/tasks/:id",
      summary: "Delete a task with its comments",
      access: "user",
      params: id,
      status: 204,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params, transaction }) => {
      await transaction(async ({ tx }) => {
        const task = await lockTask(tx, params.id, { userId, needs: "MEMBER" });
        await recordDeletion(tx, task, new Date());
        await tx.task.delete({ where: { id: params.id } });
      });
    },
  ),
];

/** Notifies who was assigned, unless it is the one who did it. */
const announceAssignee = async (
  scope: { tx: Tx; enqueue: Enqueue },
  { id, assigneeId }: Task,
  userId: string,
): Promise<void> => {
  if (!assigneeId || assigneeId === userId) return;
  await announce(scope, { userId: assigneeId, kind: "task-assigned", recordId: id, actorId: userId });
};
