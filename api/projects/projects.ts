import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { projectPurge } from "../../workers/project-purge/job.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { given, id } from "../http/fields.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { enforceLimit, limits } from "../rate-limits.ts";
import { manage, visibleTo } from "./access.ts";
import { countsOf, type Counts } from "./counts.ts";
import { longText, project, shortName } from "./shapes.ts";

const EMPTY: Counts = { members: 1, tasks: { todo: 0, doing: 0, done: 0, overdue: 0 } };

/** Creates, lists, changes and deletes projects. */
export const projectsRoutes = ({ prisma, throttle }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/projects",
      summary: "Create a project and become its owner",
      access: "user",
      body: z.object({ name: shortName, description: longText.optional() }),
      status: 201,
      response: project,
      problems: ["too-many-requests"],
      idempotent: true,
    },
    async ({ session: { userId }, body, transaction }) => {
      await enforceLimit(throttle, limits.projects, userId);
      return transaction(async ({ tx }) => {
        const members = { create: { userId, role: "OWNER" as const } };
        const created = await tx.project.create({ data: { ...given(body), name: body.name, members } });
        return { ...created, ...EMPTY, role: "OWNER" as const };
      });
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/projects",
      summary: "List the projects of which you are a member, newest first",
      access: "user",
      query: pageQuery,
      status: 200,
      response: pageOf(project),
    },
    async ({ session: { userId }, query }) => {
      const { where, ...rest } = pageArguments(query);
      const rows = await prisma.project.findMany({
        where: { ...where, ...visibleTo(userId) },
        include: { members: { where: { userId }, select: { role: true } } },
        ...rest,
      });
      const { items, next } = toPage(rows, query.limit);
      const counts = await countsOf(
        prisma,
        userId,
        items.map((each) => each.id),
      );
      return { items: items.flatMap((each) => toProject(each, counts)), next };
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/projects/:id",
      summary: "Get a project",
      access: "user",
      params: id,
      status: 200,
      response: project,
    },
    async ({ session: { userId }, params }) => {
      const found = await prisma.project.findUnique({
        where: { id: params.id, ...visibleTo(userId) },
        include: { members: { where: { userId }, select: { role: true } } },
      });
      const counts = await countsOf(prisma, userId, [params.id]);
      const [item] = found ? toProject(found, counts) : [];
      if (!item) throw new Problem("not-found");
      return item;
    },
  ),

  route(
    {
      method: "patch",
      path: "/v1/projects/:id",
      summary: "Change the name or the description of a project",
      access: "user",
      params: id,
      body: z.object({ name: shortName, description: longText }).partial(),
      status: 200,
      response: project,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params, body, transaction }) =>
      transaction(async ({ tx }) => {
        const role = await manage(tx, { projectId: params.id, userId, needs: "OWNER" });
        const changed = await tx.project.update({ where: { id: params.id }, data: given(body) });
        const counts = await countsOf(tx, userId, [params.id]);
        return { ...changed, ...(counts.get(params.id) ?? EMPTY), role };
      }),
  ),

  route(
    {
      method: "delete",
      path: "/v1/projects/:id",
      summary: "Delete a project with its sprints, tasks, comments and reports",
      access: "user",
      params: id,
      status: 204,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params, transaction }) => {
      await transaction(async ({ tx, enqueue }) => {
        await manage(tx, { projectId: params.id, userId, needs: "OWNER" });
        await abandon(tx, params.id);
        await enqueue(projectPurge, { projectId: params.id });
      });
    },
  ),
];

/** Ends every access. Without members, the project does not exist for anyone; project-purge deletes what is in it. */
const abandon = async (tx: Tx, projectId: string): Promise<void> => {
  await tx.invitation.deleteMany({ where: { projectId } });
  await tx.schedule.deleteMany({ where: { projectId } });
  await tx.projectMember.deleteMany({ where: { projectId } });
};

interface Row {
  id: string;
  name: string;
  description: string;
  createdAt: Date;
  members: { role: "OWNER" | "MEMBER" | "VIEWER" }[];
}

/** Nothing if the membership ended between the two queries. */
const toProject = ({ members: [own], ...rest }: Row, counts: ReadonlyMap<string, Counts>) => {
  const counted = counts.get(rest.id);
  return own && counted ? [{ ...rest, ...counted, role: own.role }] : [];
};
