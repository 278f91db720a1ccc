import { defineWorker } from "../core/index.ts";
import { purgeProject } from "../project-purge/handler.ts";
import { projectPurge } from "../project-purge/job.ts";
import { QUIET_AFTER, reportPurge } from "../report-purge/job.ts";
import type { Infrastructure } from "./infrastructure.ts";

/** Rows per statement. */
const BATCH = 1_000;

/** Fewer, because two jobs are enqueued for each. */
const REPORTS = 50;

export const wire = ({ prisma, jobs }: Infrastructure) => {
  /** Some reports. Their files are removed by jobs of their own, as when a user deletes a report. */
  const deleteReports = (projectId: string) =>
    jobs.transaction(async ({ tx, enqueue }) => {
      const reports = await tx.$queryRaw<{ reportId: string }[]>`
        DELETE FROM "Report" WHERE id IN (
          SELECT id FROM "Report" WHERE "projectId" = ${projectId}::uuid LIMIT ${REPORTS})
        RETURNING id::text AS "reportId"`;
      for (const report of reports) {
        await enqueue(reportPurge, report);
        await enqueue(reportPurge, report, { delay: QUIET_AFTER });
      }
      return reports.length;
    });

  /** Some tasks, after their comments: one task may have any number of them. */
  const deleteTasks = async (projectId: string) => {
    const order = { orderBy: { id: "asc" }, take: BATCH } as const;
    const tasks = await prisma.task.findMany({ where: { projectId }, select: { id: true }, ...order });
    const ids = tasks.map(({ id }) => id);
    const comments = await prisma.$executeRaw`
      DELETE FROM "Comment" WHERE id IN (
        SELECT id FROM "Comment" WHERE "taskId" = ANY(${ids}::uuid[]) LIMIT ${BATCH})`;
    if (comments === BATCH) return comments;
    const { count } = await prisma.task.deleteMany({ where: { id: { in: ids } } });
    return comments + count;
  };

  const deleteChanges = (projectId: string) => prisma.$executeRaw`
    DELETE FROM "TaskChange" WHERE id IN (
      SELECT id FROM "TaskChange" WHERE "projectId" = ${projectId}::uuid LIMIT ${BATCH})`;

  // After the tasks: otherwise each of them would be changed first.
  const deleteSprints = (projectId: string) => prisma.$executeRaw`
    DELETE FROM "Sprint" WHERE id IN (
      SELECT id FROM "Sprint" WHERE "projectId" = ${projectId}::uuid LIMIT ${BATCH})`;

  return defineWorker(
    projectPurge,
    purgeProject({
      countMembers: async (id) => {
        const select = { _count: { select: { members: true } } };
        return (await prisma.project.findUnique({ where: { id }, select }))?._count.members;
      },
      deletions: [deleteReports, deleteTasks, deleteChanges, deleteSprints],
      deleteProject: async (id) => void (await prisma.project.deleteMany({ where: { id } })),
    }),
  );
};
