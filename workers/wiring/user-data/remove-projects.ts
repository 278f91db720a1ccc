import type { Tx } from "../../../infra/database.ts";
import type { PurgedBatch } from "../../core/index.ts";
import { removeReportsOfProject } from "./remove-files.ts";
import { BATCH, inBatch, type Removal, type Remove, splitCursor } from "./removal.ts";
import { byId, deleteBatch } from "./rows.ts";

/** Of a project: children before parents, so that no statement cascades. */
const contents: ((removal: Removal, projectId: string, after: string | undefined) => Promise<PurgedBatch>)[] =
  [
    removeReportsOfProject,
    (removal, projectId, after) => inBatch(removal, (tx) => deleteTasks(tx, projectId, after)),
    (removal, projectId, after) => inBatch(removal, (tx) => deleteBatch(tx, changes, projectId, after)),
    (removal, projectId, after) => inBatch(removal, (tx) => deleteBatch(tx, sprints, projectId, after)),
  ];

const changes = {
  ...{ table: "TaskChange", owner: "projectId", counted: "taskChanges" },
  cursor: { column: "at", type: "timestamptz" } as const,
};
const sprints = { table: "Sprint", owner: "projectId", counted: "sprints" };
const tasks = { table: "Task", owner: "projectId", counted: "tasks", cursor: byId };
const invitations = { table: "Invitation", owner: "projectId", counted: "invitations" };

/**
 * Hands each project of the user to the successor whom the user has chosen, if that is still a member. A project
 * without one is deleted with everything in it: it ends for all others at once, as when its owner deletes it, and is
 * then emptied. The membership of its owner stays to the end, because it is how a later run finds the project.
 */
export const removeProjects: Remove = async (removal, after) => {
  const [projectId, at] = splitCursor(after);
  if (at !== undefined) return removeContents(removal, projectId, at);
  const next = await findOwned(removal, projectId);
  return next === undefined ? { counts: {}, next } : inBatch(removal, (tx) => leave(tx, removal, next));
};

/** The user's first project after another one. */
const findOwned = async ({ prisma, userId }: Removal, after: string): Promise<string | undefined> => {
  const found = await prisma.projectMember.findFirst({
    where: { userId, role: "OWNER", ...(after && { projectId: { gt: after } }) },
    orderBy: { projectId: "asc" },
  });
  return found?.projectId;
};

/** `at` is the index of a kind of content, and the cursor of its batch. */
const removeContents = async (removal: Removal, projectId: string, at: string): Promise<PurgedBatch> => {
  const [index, inner] = splitCursor(at);
  const remove = contents[Number(index)];
  if (!remove) return inBatch(removal, (tx) => deleteProject(tx, projectId));
  const { counts, next } = await remove(removal, projectId, inner);
  return { counts, next: `${projectId} ${next === undefined ? Number(index) + 1 : `${index} ${next}`}` };
};

const leave = async (tx: Tx, { userId }: Removal, projectId: string): Promise<PurgedBatch> => {
  // As in `manage`: changes of the members happen one after the other.
  await tx.$queryRaw`SELECT FROM "Project" WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
  const membership = { projectId_userId: { projectId, userId } };
  const own = await tx.projectMember.findUnique({ where: membership });
  if (own?.role !== "OWNER") return { counts: {}, next: projectId };
  const successor = await findSuccessor(tx, projectId);
  if (successor !== undefined) {
    await tx.projectSuccessor.delete({ where: { projectId } });
    await tx.projectMember.update({ where: membership, data: { role: "MEMBER" } });
    const theirs = { projectId_userId: { projectId, userId: successor } };
    await tx.projectMember.update({ where: theirs, data: { role: "OWNER" } });
    return { counts: { projectsHandedOver: 1 }, next: projectId };
  }
  const invited = await deleteBatch(tx, invitations, projectId, undefined);
  // Then again, because an invitation that is accepted would add a member.
  if (invited.next !== undefined) return { counts: invited.counts, next: NO_ID };
  const schedules = await tx.schedule.deleteMany({ where: { projectId } });
  const members = await tx.projectMember.deleteMany({ where: { projectId, userId: { not: userId } } });
  const counts = { ...invited.counts, schedules: schedules.count, memberships: members.count };
  return { counts, next: `${projectId} 0` };
};

const NO_ID = "00000000-0000-0000-0000-000000000000";

/**
 * The chosen successor, or another member if that has left: the one who has been there longest. Stays a member with an
 * open account until the transaction ends. Undefined if the user has chosen none.
 */
const findSuccessor = async (tx: Tx, projectId: string): Promise<string | undefined> => {
  const [found] = await tx.$queryRaw<{ userId: string }[]>`
    SELECT m."userId" FROM "ProjectSuccessor" s
      JOIN "ProjectMember" m ON m."projectId" = s."projectId" AND m.role <> 'OWNER'
      JOIN "User" u ON u.id = m."userId"
     WHERE s."projectId" = ${projectId}::uuid AND u."closedAt" IS NULL
       AND NOT EXISTS (SELECT FROM "AccountDeletion" d WHERE d."userId" = u.id)
     ORDER BY m."userId" = s."userId" DESC, m.role = 'VIEWER', m."createdAt" LIMIT 1 FOR KEY SHARE OF u, m`;
  return found?.userId;
};

/** Some tasks, after their comments: one task may have any number of them. */
const deleteTasks = async (tx: Tx, projectId: string, after: string | undefined): Promise<PurgedBatch> => {
  const comments = await tx.$executeRaw`
    DELETE FROM "Comment" WHERE ctid = ANY (ARRAY(
      SELECT c.ctid FROM (
        SELECT id FROM "Task" WHERE "projectId" = ${projectId}::uuid AND id >= ${after || NO_ID}::uuid
         ORDER BY id LIMIT ${BATCH}) t
        JOIN "Comment" c ON c."taskId" = t.id LIMIT ${BATCH} FOR UPDATE OF c SKIP LOCKED))`;
  if (comments === BATCH) return { counts: { comments }, next: after ?? "" };
  const deleted = await deleteBatch(tx, tasks, projectId, after || undefined);
  return { ...deleted, counts: { comments, ...deleted.counts } };
};

/** Unless a report is left that a run works on: then a later round comes back. */
const deleteProject = async (tx: Tx, projectId: string): Promise<PurgedBatch> => {
  // Waits for requests that are changing something in the project.
  await tx.$queryRaw`SELECT FROM "Project" WHERE id = ${projectId}::uuid FOR UPDATE`;
  const projects = await tx.$executeRaw`
    DELETE FROM "Project" p WHERE id = ${projectId}::uuid
       AND NOT EXISTS (SELECT FROM "Task" WHERE "projectId" = p.id)
       AND NOT EXISTS (SELECT FROM "TaskChange" WHERE "projectId" = p.id)
       AND NOT EXISTS (SELECT FROM "Sprint" WHERE "projectId" = p.id)
       AND NOT EXISTS (SELECT FROM "Report" WHERE "projectId" = p.id)`;
  return { counts: { projects, memberships: projects }, next: projectId };
};
