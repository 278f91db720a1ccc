import type { Database } from "../../infra/database.ts";
import { periodName, reportFilename } from "../../infra/report-file.ts";

/** A report for the mail that announces it. Null if it is not ready, was deleted, or its user has left the project. */
export const findReadyReport = async (
  prisma: Pick<Database["prisma"], "report" | "projectMember">,
  id: string,
) => {
  const found = await prisma.report.findUnique({
    where: { id, state: "READY" },
    include: { project: { select: { name: true } }, sprint: { select: { name: true } } },
  });
  if (!found) return null;
  const { projectId, userId, project, attach, bytes } = found;
  if ((await prisma.projectMember.count({ where: { projectId, userId } })) === 0) return null;
  return {
    project: project.name,
    period: periodName(found),
    filename: reportFilename(found),
    bytes: bytes ?? 0,
    attach,
  };
};
