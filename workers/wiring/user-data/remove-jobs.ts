import { sqlOf } from "../../../infra/database.ts";
import { removeJobsOfRecords } from "../../core/index.ts";
import { BATCH, inBatch, type Remove } from "./removal.ts";
import { deleteRows } from "./rows.ts";

/** The ledger's rows of the user's own jobs, such as mails: those that wait, and those that are finished. */
export const removeJobsOfUser: Remove = (removal) =>
  inBatch(removal, async (tx) => {
    const jobs = await removeJobsOfRecords(sqlOf(tx), { field: "userId", ids: [removal.userId] }, BATCH);
    return { counts: { jobs }, next: jobs === BATCH ? "" : undefined };
  });

const deleteSchedules = deleteRows({ table: "Schedule", owner: "userId", counted: "schedules" });

/** Schedules after the ledger's rows of their slots. A run that is in progress finds that its schedule is deleted. */
export const removeSchedules: Remove = async (removal) => {
  const { prisma, userId } = removal;
  const schedules = await prisma.schedule.findMany({ where: { userId }, select: { id: true }, take: BATCH });
  const ids = schedules.map(({ id }) => id);
  const removed = await inBatch(removal, async (tx) => {
    const jobs = await removeJobsOfRecords(sqlOf(tx), { field: "scheduleId", ids }, BATCH);
    return { counts: { jobs }, next: jobs === BATCH ? "" : undefined };
  });
  return removed.next === undefined ? deleteSchedules(removal, undefined) : removed;
};
