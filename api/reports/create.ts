import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../../infra/database.ts";
import type { Enqueue } from "../../workers/core/index.ts";
import { reportGenerate } from "../../workers/report-generate/job.ts";
import { Problem } from "../http/problem.ts";
import type { Period } from "./period.ts";
import { progressOf } from "./work.ts";

interface Asked extends Period {
  userId: string;
  projectId: string;
  period: "DAY" | "WEEK" | "MONTH" | "SPRINT";
  zone: string;
  attach: boolean;
}

/** Why a report failed whose job is in the dead letter. */
export const UNEXPECTED =
  "This report could not be made because of an error on our side. The error has been logged.";

/**
 * Creates a report and its job, unless the same is unfinished. Resolves with the id of either. The unique indexes
 * Report_pending_key and Report_pending_sprint_key make a concurrent request wait, and then find the first.
 * @throws Problem `not-found` if the project or the sprint was deleted, or the user was removed, a moment ago
 */
export const createReport = async (
  { tx, enqueue }: { tx: Tx; enqueue: Enqueue },
  asked: Asked,
): Promise<string> => {
  await hold(tx, asked);
  for (;;) {
    const id = uuidv7();
    const { count } = await tx.report.createMany({ data: { id, ...asked }, skipDuplicates: true });
    if (count === 1) {
      await enqueue(reportGenerate, { reportId: id });
      return id;
    }
    const unfinished = await findUnfinished(tx, asked);
    // Undefined: it was finished or deleted a moment ago.
    if (unfinished !== undefined) return unfinished;
  }
};

/** Keeps the project and the sprint from being deleted until the transaction ends. */
const hold = async (tx: Tx, { userId, projectId, sprintId }: Asked): Promise<void> => {
  const projects = await tx.$queryRaw<object[]>`
    SELECT FROM "Project" p JOIN "ProjectMember" m ON m."projectId" = p.id
     WHERE p.id = ${projectId}::uuid AND m."userId" = ${userId}::uuid FOR KEY SHARE OF p`;
  const sprints =
    sprintId &&
    (await tx.$queryRaw<object[]>`SELECT FROM "Sprint" WHERE id = ${sprintId}::uuid FOR KEY SHARE`);
  if (projects.length === 0 || sprints?.length === 0) throw new Problem("not-found");
};

/** The same report, if a job works on it. One whose job has failed is marked as failed, so that it can be replaced. */
const findUnfinished = async (tx: Tx, asked: Asked): Promise<string | undefined> => {
  const { userId, projectId, period, firstDay, sprintId, attach } = asked;
  const same = period === "SPRINT" ? { sprintId } : { projectId, firstDay };
  const found = await tx.report.findFirst({
    where: { userId, period, ...same, state: "PENDING", slot: null },
  });
  if (!found) return undefined;
  const { id } = found;
  const state = (await progressOf(tx, [found])).has(id)
    ? {}
    : { state: "FAILED" as const, problem: UNEXPECTED };
  const data = { ...state, ...(attach && { attach }) };
  const { count } = await tx.report.updateMany({ where: { id, state: "PENDING" }, data });
  return count === 1 && !("state" in data) ? id : undefined;
};
