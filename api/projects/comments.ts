import { z } from "zod";
import type { Comment } from "../../prisma/client/client.ts";
import type { Tx } from "../../infra/database.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { type Role, visibleTo } from "./access.ts";
import { holdTask } from "./locks.ts";
import { announceMentions } from "./mentions.ts";
import { comment, commentText } from "./shapes.ts";

const text = z.object({ body: commentText });
const author = { select: { name: true } };

/** The comments of a task. Every member of the project may write one, a viewer too. */
export const commentRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/tasks/:id/comments",
      summary: "Comment on a task",
      access: "user",
      params: id,
      body: text,
      status: 201,
      response: comment,
      idempotent: true,
    },
    async ({ session: { userId }, params: { id: taskId }, body, transaction }) =>
      transaction(async ({ tx, enqueue }) => {
        await holdTask(tx, taskId, { userId, needs: "VIEWER" });
        const data = { taskId, authorId: userId, ...body };
        const created = await tx.comment.create({ data, include: { author } });
        await announceMentions({ tx, enqueue }, { ...data, id: created.id });
        return toComment(created);
      }),
  ),

  route(
    {
      method: "get",
      path: "/v1/tasks/:id/comments",
      summary: "List the comments of a task, newest first",
      access: "user",
      params: id,
      query: pageQuery,
      status: 200,
      response: pageOf(comment),
    },
    async ({ session: { userId }, params: { id: taskId }, query }) => {
      const task = await prisma.task.findUnique({ where: { id: taskId, project: visibleTo(userId) } });
      if (!task) throw new Problem("not-found");
      const { where, ...rest } = pageArguments(query);
      const rows = await prisma.comment.findMany({
        where: { ...where, taskId },
        include: { author },
        ...rest,
      });
      return toPage(rows.map(toComment), query.limit);
    },
  ),

  route(
    {
      method: "patch",
      path: "/v1/comments/:id",
      summary: "Change a comment of yours",
      access: "user",
      params: id,
      body: text,
      status: 200,
      response: comment,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params, body, transaction }) =>
      transaction(async ({ tx, enqueue }) => {
        const { own } = await findComment(tx, params.id, userId);
        if (!own) throw new Problem("wrong-role", { detail: "Only its author may change a comment." });
        const [changed] = await tx.comment.updateManyAndReturn({
          where: { id: params.id },
          data: { ...body, editedAt: new Date() },
          include: { author },
        });
        if (!changed) throw new Problem("not-found"); // deleted meanwhile
        await announceMentions({ tx, enqueue }, { ...changed, authorId: userId });
        return toComment(changed);
      }),
  ),

  route(
    {
      method: "delete",
      path: "/v1/comments/:id",
      summary: "Delete a comment of yours; the owner of the project may delete every one",
      access: "user",
      params: id,
      status: 204,
      problems: ["wrong-role"],
    },
    async ({ session: { userId }, params, transaction }) => {
      await transaction(async ({ tx }) => {
        const { own, role } = await findComment(tx, params.id, userId);
        if (!own && role !== "OWNER")
          throw new Problem("wrong-role", { detail: "Only its author and the owner may delete a comment." });
        await tx.comment.deleteMany({ where: { id: params.id } });
      });
    },
  ),
];

const findComment = async (tx: Tx, id: string, userId: string): Promise<{ own: boolean; role: Role }> => {
  const found = await tx.comment.findUnique({ where: { id }, select: { taskId: true, authorId: true } });
  if (!found) throw new Problem("not-found");
  const role = await holdTask(tx, found.taskId, { userId, needs: "VIEWER" });
  return { own: found.authorId === userId, role };
};

const toComment = ({ author, ...rest }: Comment & { author: { name: string } | null }) => ({
  ...rest,
  authorName: author?.name || null, // it is empty while the account is being deleted
});
