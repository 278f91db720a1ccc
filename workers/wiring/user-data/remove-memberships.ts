import type { Tx } from "../../../infra/database.ts";
import type { PurgedBatch } from "../../core/index.ts";
import { BATCH, inBatch, type Removal, type Remove } from "./removal.ts";

/**
 * Ends the user's memberships in projects of others, each after its tasks are unassigned: an assignee is always a
 * member. A project that the user owns is not touched: see remove-projects.ts.
 */
export const removeMemberships: Remove = (removal, after) =>
  inBatch(removal, (tx) => endMembership(tx, removal, after));

const endMembership = async (
  tx: Tx,
  { userId }: Removal,
  after: string | undefined,
): Promise<PurgedBatch> => {
  // Locked, so that no task is assigned meanwhile. As everywhere, the project is locked before its members.
  const [found] = await tx.$queryRaw<{ projectId: string }[]>`
    SELECT "projectId" FROM "ProjectMember"
     WHERE "userId" = ${userId}::uuid AND role <> 'OWNER' AND "projectId" >= ${after ?? NO_ID}::uuid
     ORDER BY "projectId" LIMIT 1`;
  if (!found) return { counts: {}, next: undefined };
  const { projectId } = found;
  await tx.$queryRaw`SELECT FROM "Project" WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
  await tx.$queryRaw`
    SELECT FROM "ProjectMember" WHERE "projectId" = ${projectId}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`;
  const assignments = await tx.$executeRaw`
    UPDATE "Task" SET "assigneeId" = NULL WHERE id IN (
      SELECT id FROM "Task" WHERE "projectId" = ${projectId}::uuid AND "assigneeId" = ${userId}::uuid LIMIT ${BATCH})`;
  if (assignments === BATCH) return { counts: { assignments }, next: projectId };
  const { count } = await tx.projectMember.deleteMany({
    where: { projectId, userId, role: { not: "OWNER" } },
  });
  return { counts: { assignments, memberships: count }, next: projectId };
};

const NO_ID = "00000000-0000-0000-0000-000000000000";
