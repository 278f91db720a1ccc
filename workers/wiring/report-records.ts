import { sqlOf, type Database, type Tx } from "../../infra/database.ts";
import { findJobsOfRecords, type Payload } from "../core/index.ts";
import type { RequestedReport, Sprint } from "../report-generate/data.ts";
import type { Pdf } from "../report-generate/handler.ts";
import type { reportGenerate } from "../report-generate/job.ts";
import { periodBefore } from "../report-generate/period.ts";
import { announce } from "./announce.ts";

type Found = RequestedReport | { skip: string } | { reject: string; reportId: string };

/** The rows of reports, as their job reads and writes them. */
export const createReportRecords = (prisma: Database["prisma"]) => ({
  findReport: async (payload: Payload<typeof reportGenerate>, jobId: string): Promise<Found> => {
    if ("reportId" in payload) return load(prisma, payload.reportId);
    const skip = await prisma.$transaction((tx) => createForSlot(tx, payload, jobId));
    return skip === undefined ? load(prisma, jobId) : { skip };
  },

  /** The row stays locked until the transaction ends, so that a deletion waits for it, or is seen by it. */
  publish: async (
    tx: Tx,
    { id, userId, project }: RequestedReport,
    pdf: Pdf,
  ): Promise<"published" | "gone"> => {
    const [row] = await tx.$queryRaw<{ state: string }[]>`
      SELECT state::text FROM "Report" WHERE id = ${id}::uuid FOR UPDATE`;
    const isMember = await tx.projectMember.count({ where: { projectId: project.id, userId } });
    if (!row || isMember === 0) return "gone";
    if (row.state === "READY") {
      await tx.report.update({ where: { id }, data: pdf });
      return "published";
    }
    const ready = { state: "READY" as const, problem: null, readyAt: new Date() };
    await tx.report.update({ where: { id }, data: { ...pdf, ...ready } });
    await announce(tx, { userId, kind: "report-ready", recordId: id });
    return "published";
  },

  /** With a reason for its user, or without one if the fault is ours. A report that is ready stays so. */
  fail: async (tx: Tx, id: string, problem: string | null): Promise<void> => {
    const [failed] = await tx.report.updateManyAndReturn({
      where: { id, state: "PENDING" },
      data: { state: "FAILED", problem },
      select: { userId: true },
    });
    if (failed) await announce(tx, { userId: failed.userId, kind: "report-failed", recordId: id });
  },
});

/** Creates the report of a slot, unless it exists. Resolves with a reason if there must not be one. */
const createForSlot = async (
  tx: Tx,
  { scheduleId, slot }: { scheduleId: string; slot: string },
  jobId: string,
): Promise<string | undefined> => {
  if ((await tx.report.count({ where: { id: jobId } })) > 0) return undefined;
  // Its deletion has enqueued a purge: an attempt after it must not create the report again.
  if ((await findJobsOfRecords(sqlOf(tx), "reportId", [jobId])).length > 0) return "the report was deleted";
  const where = { id: scheduleId };
  const schedule = await tx.schedule.findUnique({ where, include: { user: { select: { closedAt: true } } } });
  if (!schedule) return "the schedule was deleted";
  const { userId, projectId, cadence, zone, attach } = schedule;
  if (schedule.user?.closedAt) return "the account is closed";
  if (!userId || !projectId) return "the schedule is not one for reports";
  if ((await tx.projectMember.count({ where: { userId, projectId } })) === 0)
    return "the user is no longer a member of the project";
  const { kind, firstDay, lastDay } = periodBefore(cadence, slot, zone);
  const days = { firstDay: new Date(firstDay), lastDay: new Date(lastDay) };
  const { count } = await tx.report.createMany({
    data: { id: jobId, userId, projectId, period: kind, ...days, zone, attach, scheduleId, slot },
    skipDuplicates: true,
  });
  return count === 0 ? "the slot has a report already" : undefined;
};

const load = async (prisma: Database["prisma"], id: string): Promise<Found> => {
  const found = await prisma.report.findUnique({
    where: { id },
    include: {
      user: { select: { name: true } },
      project: { select: { id: true, name: true } },
      sprint: true,
    },
  });
  if (!found) return { skip: "the report was deleted" };
  const { userId, user, projectId, project, period, zone, sprint } = found;
  const membership = await prisma.projectMember.count({ where: { userId, projectId } });
  if (membership === 0) return { reject: "You are no longer a member of the project.", reportId: id };
  if (period === "SPRINT" && !sprint) return { reject: "The sprint was deleted.", reportId: id };
  const before = sprint && {
    OR: [{ startsOn: { lt: sprint.startsOn } }, { startsOn: sprint.startsOn, id: { lt: sprint.id } }],
  };
  const previous =
    before &&
    (await prisma.sprint.findFirst({
      where: { projectId, ...before },
      orderBy: [{ startsOn: "desc" }, { id: "desc" }],
    }));
  return {
    ...{ id, userId, project, zone, kind: period, requestedBy: user.name },
    firstDay: dateOf(found.firstDay),
    lastDay: dateOf(found.lastDay),
    sprint: sprint && toSprint(sprint),
    previousSprint: previous && toSprint(previous),
  };
};

const toSprint = ({
  id,
  name,
  startsOn,
  endsOn,
}: {
  id: string;
  name: string;
  startsOn: Date;
  endsOn: Date;
}): Sprint => ({ id, name, firstDay: dateOf(startsOn), lastDay: dateOf(endsOn) });

const dateOf = (date: Date) => date.toISOString().slice(0, 10);
