import { z } from "zod";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { given, id } from "../http/fields.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { checkAccess, requireRole, visibleTo } from "./access.ts";
import { inBatches } from "./batches.ts";
import { lockSprint } from "./locks.ts";
import { day, shortName, sprint } from "./shapes.ts";
import { checkSpan } from "./sprint-span.ts";
import { endSprintOfTasks } from "./task-changes.ts";

const fields = z.object({ name: shortName, startsOn: day, endsOn: day });

/** The sprints of a project. They may overlap: teams of one project plan separately. */
export const sprintRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/projects/:id/sprints",
      summary: "Create a sprint",
      access: "user",
      params: id,
      body: fields,
      status: 201,
      response: sprint,
      problems: ["wrong-role"],
      idempotent: true,
    },
    async ({ session: { userId }, params: { id: projectId }, body, transaction }) =>
      transaction(async ({ tx }) => {
        await requireRole(tx, { projectId, userId, needs: "MEMBER" });
        checkSpan(body);
        return tx.sprint.create({ data: { projectId, ...body } });
      }),
  ),

  route(
    {
      method: "get",
      path: "/v1/projects/:id/sprints",
      summary: "List the sprints of a project, newest first",
      access: "user",
      params: id,
      query: pageQuery,
      status: 200,
      response: pageOf(sprint),
    },
    async ({ session: { userId }, params: { id: projectId }, query }) => {
      await checkAccess(prisma, { projectId, userId, needs: "VIEWER" });
      const { where, ...rest } = pageArguments(query);
      return toPage(await prisma.sprint.findMany({ where: { ...where, projectId }, ...rest }), query.limit);
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/sprints/:id",
      summary: "Get a sprint",
      access: "user",
      params: id,
      status: 200,
      response: sprint,
    },
    async ({ session: { userId }, params }) => {
      const found = await prisma.sprint.findUnique({ where: { id: params.id, project: visibleTo(userId) } });
      if (!found) throw new Problem("not-found");
      return found;
    },
  ),

  route(
    {
      method: "patch",
      path: "/v1/sprints/:id",
      summary: "Change the name or the days of a sprint",
      access: "user",
      params: id,
      body: fields.partial(),
      status: 200,
      response: sprint,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params, body, transaction }) =>
      transaction(async ({ tx }) => {
        const current = await lockSprint(tx, params.id, { userId, needs: "MEMBER" });
        const data = given(body);
        checkSpan({ ...current, ...data });
        return tx.sprint.update({ where: { id: params.id }, data });
      }),
  ),

  route(
    {
      method: "delete",
      path: "/v1/sprints/:id",
      summary: "Delete a sprint; its tasks remain, without a sprint",
      access: "user",
      params: id,
      status: 204,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params, transaction }) => {
      await inBatches(transaction, async (tx, limit) => {
        await lockSprint(tx, params.id, { userId, needs: "MEMBER" });
        const moved = await endSprintOfTasks(tx, params.id, limit);
        if (moved < limit) await tx.sprint.delete({ where: { id: params.id } });
        return moved;
      });
    },
  ),
];
