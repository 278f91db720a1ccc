import type { Prisma } from "../../prisma/client/client.ts";
import type { Tx } from "../../infra/database.ts";
import { Problem } from "../http/problem.ts";

export type Role = "VIEWER" | "MEMBER" | "OWNER";

const rank: Record<Role, number> = { VIEWER: 0, MEMBER: 1, OWNER: 2 };

/** Who wants what: `userId` must have at least the role `needs`. */
interface Need {
  projectId: string;
  userId: string;
  needs: Role;
}

/** For reads: the projects of a user. Others do not exist for them. */
export const visibleTo = (userId: string) =>
  ({ members: { some: { userId } } }) satisfies Prisma.ProjectWhereInput;

/**
 * For changes inside a project. Until the transaction ends, the project cannot be deleted, so that what is inserted has
 * its project.
 * @throws Problem `not-found` for a user who is no member, `wrong-role` for a member whose role is too low
 */
export const requireRole = async (tx: Tx, { projectId, userId, needs }: Need): Promise<Role> => {
  const rows = await tx.$queryRaw<{ role: Role }[]>`
    SELECT m.role::text AS role FROM "Project" p JOIN "ProjectMember" m ON m."projectId" = p.id
     WHERE p.id = ${projectId}::uuid AND m."userId" = ${userId}::uuid FOR KEY SHARE OF p`;
  return checkRole(rows[0]?.role, needs);
};

/**
 * For changes of the project, its members and invitations: the same, and these changes happen one after the other. The
 * role is read when the lock is held.
 */
export const manage = async (tx: Tx, { projectId, userId, needs }: Need): Promise<Role> => {
  await tx.$queryRaw`SELECT id FROM "Project" WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
  return requireRole(tx, { projectId, userId, needs });
};

/** For reads that need a role. */
export const checkAccess = async (db: Tx, { projectId, userId, needs }: Need): Promise<Role> => {
  const where = { projectId_userId: { projectId, userId } };
  const member = await db.projectMember.findUnique({ where, select: { role: true } });
  return checkRole(member?.role, needs);
};

const checkRole = (role: Role | undefined, needs: Role): Role => {
  if (!role) throw new Problem("not-found");
  if (rank[role] < rank[needs]) throw new Problem("wrong-role");
  return role;
};
