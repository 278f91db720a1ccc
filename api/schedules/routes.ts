import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { nextSlots, type Recurrence } from "../../infra/time/slots.ts";
import type { Schedule } from "../../prisma/client/client.ts";
import { reportGenerate } from "../../workers/report-generate/job.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { invalidField, Problem } from "../http/problem.ts";
import { nextRunsOf } from "./next-runs.ts";
import { newSchedule, nextRuns, recurrence, schedule } from "./shapes.ts";

const params = z.object({ projectId: z.uuid().toLowerCase() });

/** A user's recurring report of a project: one per project. Any member may have one, and no other user sees it. */
export const scheduleRoutes = ({ prisma, watch }: AppDeps) => {
  /** @throws Problem for a report of every few minutes, which is for the live page: it would fill an inbox */
  const refuseMinutes = ({ cadence }: { cadence: string }) => {
    if (cadence === "MINUTES" && !watch) throw invalidField("cadence", "Enter DAILY, WEEKLY or MONTHLY.");
  };

  const ofMember = (userId: string) => ({ userId, project: { members: { some: { userId } } } });

  return [
    // Before the paths with an id, which would take it for one.
    route(
      {
        method: "post",
        path: "/v1/report-schedules/preview",
        summary: "See the next runs of a schedule before you save it",
        access: "user",
        body: recurrence,
        status: 200,
        response: z.object({ nextRuns }),
      },
      async ({ session: { userId }, body }) => {
        refuseMinutes(body);
        const user = await prisma.user.findUnique({ where: { id: userId }, select: { zone: true } });
        if (!user) throw new Problem("unauthenticated");
        return { nextRuns: nextRunsOf(toRecurrence(body, user.zone), new Date(), null) };
      },
    ),

    route(
      {
        method: "put",
        path: "/v1/report-schedules/:projectId",
        summary: "Schedule a report of a project, or change its schedule",
        access: "user",
        params,
        body: newSchedule,
        status: 200,
        response: schedule,
      },
      async ({ session: { userId }, params: { projectId }, body, transaction }) => {
        refuseMinutes(body);
        return transaction(async ({ tx }) => {
          const { delivery, paused, ...times } = body;
          const recurrence = toRecurrence(times, await zoneOfMember(tx, userId, projectId));
          const [now, found] = await lock(tx, userId, projectId);
          const lastSlot = found ? found.lastSlot : await lastReportedSlot(tx, userId, projectId);
          const [next] = nextSlots(recurrence, { after: now, slot: lastSlot }, 1);
          if (!next) throw new Error("a schedule has no next slot");
          const attach = delivery === "ATTACHMENT";
          const data = { ...recurrence, attach, paused, lastSlot, nextRunAt: next.at };
          const row = found
            ? await tx.schedule.update({ where: { id: found.id }, data })
            : await tx.schedule.create({
                data: { id: uuidv7(), userId, projectId, job: reportGenerate.name, payload: {}, ...data },
              });
          return toSchedule(row, now);
        });
      },
    ),

    route(
      {
        method: "get",
        path: "/v1/report-schedules/:projectId",
        summary: "Get your schedule for reports of a project, with its next runs",
        access: "user",
        params,
        status: 200,
        response: schedule,
      },
      async ({ session: { userId }, params: { projectId } }) => {
        const found = await prisma.schedule.findFirst({ where: { projectId, ...ofMember(userId) } });
        if (!found) throw new Problem("not-found");
        return toSchedule(found, new Date());
      },
    ),

    route(
      {
        method: "get",
        path: "/v1/report-schedules",
        summary: "List your schedules for reports, newest first",
        access: "user",
        query: pageQuery,
        status: 200,
        response: pageOf(schedule),
      },
      async ({ session: { userId }, query }) => {
        const { where, ...rest } = pageArguments(query);
        const rows = await prisma.schedule.findMany({ where: { ...where, ...ofMember(userId) }, ...rest });
        const now = new Date();
        return toPage(
          rows.map((row) => toSchedule(row, now)),
          query.limit,
        );
      },
    ),

    route(
      {
        method: "delete",
        path: "/v1/report-schedules/:projectId",
        summary: "Stop the scheduled reports of a project",
        access: "user",
        params,
        status: 204,
      },
      async ({ session: { userId }, params: { projectId } }) => {
        const { count } = await prisma.schedule.deleteMany({ where: { projectId, ...ofMember(userId) } });
        if (count === 0) throw new Problem("not-found");
      },
    ),
  ];
};

const zoneOfMember = async (tx: Tx, userId: string, projectId: string): Promise<string> => {
  const member = await tx.projectMember.findUnique({
    where: { projectId_userId: { projectId, userId } },
    select: { user: { select: { zone: true } } },
  });
  if (!member) throw new Problem("not-found");
  return member.user.zone;
};

/** Of a schedule that was deleted: a new one must not repeat its local date. */
const lastReportedSlot = async (tx: Tx, userId: string, projectId: string): Promise<string | null> => {
  const last = await tx.report.findFirst({
    where: { userId, projectId, slot: { not: null } },
    orderBy: { slot: "desc" },
    select: { slot: true },
  });
  return last?.slot ?? null;
};

/** Waits for a dispatch that moves the schedule on, so that its last slot is known. The database's clock counts. */
const lock = async (tx: Tx, userId: string, projectId: string): Promise<[Date, Schedule | null]> => {
  // Two requests could create it at once: the row of the member stands for one that does not exist yet.
  const [clock] = await tx.$queryRaw<{ now: Date }[]>`
    SELECT clock_timestamp() AS now FROM "ProjectMember"
    WHERE "projectId" = ${projectId}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`;
  await tx.$queryRaw`
    SELECT FROM "Schedule" WHERE "projectId" = ${projectId}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`;
  const found = await tx.schedule.findFirst({ where: { projectId, userId } });
  if (!clock) throw new Problem("not-found"); // left the project just now
  return [clock.now, found];
};

/** Without the fields that its cadence does not use. */
const toRecurrence = (body: z.output<typeof recurrence>, userZone: string): Recurrence => ({
  cadence: body.cadence,
  minutes: body.cadence === "MINUTES" ? (body.minutes ?? null) : null,
  hour: body.hour ?? 0,
  minute: body.minute,
  weekday: body.cadence === "WEEKLY" ? (body.weekday ?? null) : null,
  dayOfMonth: body.cadence === "MONTHLY" ? (body.dayOfMonth ?? null) : null,
  zone: body.zone ?? userZone,
});

const toSchedule = (row: Schedule, now: Date): z.input<typeof schedule> => {
  const { projectId, attach, paused, lastSlot } = row;
  if (!projectId) throw new Error(`not a schedule of a user: ${row.id}`);
  return {
    ...row,
    projectId,
    delivery: attach ? "ATTACHMENT" : "LINK",
    nextRuns: paused ? [] : nextRunsOf(row, now, lastSlot),
  };
};
