import type { Tx } from "../../infra/database.ts";
import { invalidField } from "../http/problem.ts";

interface References {
  sprintId?: string | null;
  assigneeId?: string | null;
}

/**
 * Checks what a task newly refers to, and keeps it until the transaction ends: the sprint cannot be deleted, and the
 * assignee cannot leave. What has not changed is not locked: the deletion of its sprint may be waiting for this task.
 * @throws Problem if the project has no such sprint or member
 */
export const checkReferences = async (
  tx: Tx,
  projectId: string,
  after: References,
  before: References = {},
): Promise<void> => {
  const { sprintId, assigneeId } = after;
  if (sprintId && sprintId !== before.sprintId) {
    const rows = await tx.$queryRaw<object[]>`
      SELECT id FROM "Sprint" WHERE id = ${sprintId}::uuid AND "projectId" = ${projectId}::uuid FOR KEY SHARE`;
    if (rows.length === 0) throw invalidField("sprintId", "The project has no such sprint.");
  }
  if (assigneeId && assigneeId !== before.assigneeId) {
    const rows = await tx.$queryRaw<object[]>`
      SELECT "userId" FROM "ProjectMember"
       WHERE "projectId" = ${projectId}::uuid AND "userId" = ${assigneeId}::uuid FOR KEY SHARE`;
    if (rows.length === 0) throw invalidField("assigneeId", "The project has no such member.");
  }
};
