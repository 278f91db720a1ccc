import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { holdOpenAccount } from "../http/open-account.ts";
import { Problem } from "../http/problem.ts";
import { checkAccess, manage, type Role } from "./access.ts";
import { inBatches } from "./batches.ts";
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
        where: { projectId, user: { closedAt: null } },
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
        if (!current || !(await holdOpenAccount(tx, memberId))) throw new Problem("not-found");
        if (current.role === "OWNER" && body.role !== "OWNER") throw new Problem("owner-required");
        // There is one owner at any time: an index refuses a second.
        if (body.role === "OWNER") {
          if (await isLeaving(tx, memberId)) throw new Problem("wrong-role", { detail: LEAVING });
          await endOwnership(tx, projectId);
        }
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
      await inBatches(transaction, async (tx, limit) => {
        await manage(tx, { projectId, userId, needs: memberId === userId ? "VIEWER" : "OWNER" });
        const member = await lockMember(tx, projectId, memberId);
        if (!member) throw new Problem("not-found");
        if (member.role === "OWNER") throw new Problem("owner-required");
        const unassigned = await unassignTasks(tx, projectId, memberId, limit);
        if (unassigned < limit) await endMembership(tx, projectId, memberId);
        return unassigned;
      });
    },
  ),
];

const LEAVING = "The account of this member is going to be deleted, and with it the projects that it owns.";

/** Whether the deletion of an account is scheduled, or being scheduled by a transaction that has locked the user. */
const isLeaving = async (tx: Tx, userId: string): Promise<boolean> => {
  await tx.$queryRaw`SELECT FROM "User" WHERE id = ${userId}::uuid FOR SHARE`;
  return (await tx.accountDeletion.count({ where: { userId } })) > 0;
};

/** Waits for transactions that are assigning a task to the member, and stops new ones. */
const lockMember = async (tx: Tx, projectId: string, userId: string) => {
  const [member] = await tx.$queryRaw<{ role: Role }[]>`
    SELECT role::text AS role FROM "ProjectMember"
     WHERE "projectId" = ${projectId}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`;
  return member;
};

const unassignTasks = (tx: Tx, projectId: string, userId: string, limit: number) =>
  tx.$executeRaw`
    WITH chosen AS (
      SELECT id FROM "Task" WHERE "projectId" = ${projectId}::uuid AND "assigneeId" = ${userId}::uuid
       LIMIT ${limit} FOR NO KEY UPDATE)
    UPDATE "Task" t SET "assigneeId" = NULL FROM chosen WHERE t.id = chosen.id`;

/** Its schedules end too: reports must not reach a person who has left. */
const endMembership = async (tx: Tx, projectId: string, userId: string) => {
  await tx.schedule.deleteMany({ where: { projectId, userId } });
  await tx.projectMember.delete({ where: { projectId_userId: { projectId, userId } } });
};

const endOwnership = (tx: Tx, projectId: string) =>
  tx.projectMember.updateMany({ where: { projectId, role: "OWNER" }, data: { role: "MEMBER" } });

interface Row {
  userId: string;
  role: Role;
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
