import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";
import { checkAccess, manage } from "./access.ts";
import { member, role } from "./shapes.ts";

const memberOf = id.extend({ userId: z.uuid().toLowerCase() });
const user = { select: { name: true, email: true, shownEmail: true } };

/** The members of a project. They are added only by accepting an invitation. */
export const memberRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/projects/:id/members",
      summary: "List the members of a project, the first to join first",
      access: "user",
      params: id,
      status: 200,
      response: z.object({ items: z.array(member) }),
    },
    async ({ session: { userId }, params: { id: projectId } }) => {
      await checkAccess(prisma, { projectId, userId, needs: "VIEWER" });
      const rows = await prisma.projectMember.findMany({
        where: { projectId },
        include: { user },
        orderBy: [{ createdAt: "asc" }, { userId: "asc" }],
      });
      return { items: rows.map(toMember) };
    },
  ),

  route(
    {
      method: "patch",
      path: "/v1/projects/:id/members/:userId",
      summary: "Change the role of a member; OWNER transfers the project, and you become a member",
      access: "user",
      params: memberOf,
      body: z.object({ role }),
      status: 200,
      response: member,
      problems: ["wrong-role", "owner-required"],
    },
    async ({ session: { userId }, params: { id: projectId, userId: memberId }, body, transaction }) =>
      transaction(async ({ tx }) => {
        await manage(tx, { projectId, userId, needs: "OWNER" });
        const where = { projectId_userId: { projectId, userId: memberId } };
        const current = await tx.projectMember.findUnique({ where });
        if (!current) throw new Problem("not-found");
        if (current.role === "OWNER" && body.role !== "OWNER") throw new Problem("owner-required");
        // There is one owner at any time: an index refuses a second.
        if (body.role === "OWNER") await endOwnership(tx, projectId);
        return toMember(
          await tx.projectMember.update({ where, data: { role: body.role }, include: { user } }),
        );
      }),
  ),

  route(
    {
      method: "delete",
      path: "/v1/projects/:id/members/:userId",
      summary: "Remove a member, or leave the project; the member's tasks become unassigned",
      access: "user",
      params: memberOf,
      status: 204,
      problems: ["wrong-role", "owner-required"],
    },
    async ({ session: { userId }, params: { id: projectId, userId: memberId }, transaction }) => {
      await transaction(async ({ tx }) => {
        await manage(tx, { projectId, userId, needs: memberId === userId ? "VIEWER" : "OWNER" });
        const where = { projectId_userId: { projectId, userId: memberId } };
        const leaving = await tx.projectMember.findUnique({ where });
        if (!leaving) throw new Problem("not-found");
        if (leaving.role === "OWNER") throw new Problem("owner-required");
        // First: waits for transactions that are assigning a task to the member.
        await tx.projectMember.delete({ where });
        await tx.task.updateMany({ where: { projectId, assigneeId: memberId }, data: { assigneeId: null } });
        await tx.schedule.deleteMany({ where: { projectId, userId: memberId } });
      });
    },
  ),
];

const endOwnership = (tx: Tx, projectId: string) =>
  tx.projectMember.updateMany({ where: { projectId, role: "OWNER" }, data: { role: "MEMBER" } });

interface Row {
  userId: string;
  role: "OWNER" | "MEMBER" | "VIEWER";
  createdAt: Date;
  user: { name: string; email: string; shownEmail: string | null };
}

const toMember = ({ userId, role, createdAt, user: { name, email, shownEmail } }: Row) => ({
  userId,
  name,
  email: shownEmail ?? email,
  role,
  joinedAt: createdAt,
});
