import { z } from "zod";
import { reportFilename, reportKey } from "../../infra/report-file.ts";
import type { Tx } from "../../infra/database.ts";
import type { Report } from "../../prisma/client/client.ts";
import { QUIET_AFTER, reportPurge } from "../../workers/report-purge/job.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { pageArguments, pageOf, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { publishedFile } from "../http/published-file.ts";
import { enforceLimit, limits } from "../rate-limits.ts";
import { createReport, UNEXPECTED } from "./create.ts";
import { findPeriod } from "./period.ts";
import { newReport, report, reportQuery } from "./shapes.ts";
import { progressOf } from "./work.ts";

/** The reports of a user, without those of projects that the user has left. */
const readableBy = (userId: string) => ({ userId, project: { members: { some: { userId } } } });

/** Asks for reports, and lists, shows, sends and deletes them. */
export const reportRoutes = ({ prisma, throttle }: AppDeps) => {
  /** Reads from one snapshot: otherwise a report could appear as failed while its job completes. */
  const inSnapshot = <Result>(read: (tx: Tx) => Promise<Result>): Promise<Result> =>
    prisma.$transaction(read, { isolationLevel: "RepeatableRead" });

  return [
    route(
      {
        method: "post",
        path: "/v1/reports",
        summary: "Ask for a report about a project; the same report is made once at a time",
        access: "user",
        body: newReport,
        status: 202,
        response: z.object({ id: z.uuid(), url: z.string().describe("The report with its progress.") }),
        problems: ["too-many-requests", "not-found", "no-sprint"],
        idempotent: true,
      },
      async ({ session: { userId }, body, transaction }) => {
        const { projectId, period, attach } = body;
        const membership = await prisma.projectMember.findUnique({
          where: { projectId_userId: { projectId, userId } },
          select: { user: { select: { zone: true } } },
        });
        if (!membership) throw new Problem("not-found");
        const { zone } = membership.user;
        const days = await findPeriod(prisma, body, zone);
        await enforceLimit(throttle, limits.reports, userId);
        return transaction(async (scope) => {
          const asked = { userId, projectId, period, zone, attach, ...days };
          const reportId = await createReport(scope, asked);
          return { id: reportId, url: `/v1/reports/${reportId}` };
        });
      },
    ),

    route(
      {
        method: "get",
        path: "/v1/reports",
        summary: "List your reports, newest first",
        access: "user",
        query: reportQuery,
        status: 200,
        response: pageOf(report),
      },
      async ({ session: { userId }, query: { projectId, ...page } }) => {
        const { where, ...rest } = pageArguments(page);
        const inProject = projectId === undefined ? {} : { projectId };
        const reports = await inSnapshot(async (tx) => {
          const rows = await tx.report.findMany({
            where: { ...where, ...readableBy(userId), ...inProject },
            include: { project: { select: { name: true } } },
            ...rest,
          });
          const unfinished = await progressOf(
            tx,
            rows.filter(({ state }) => state === "PENDING"),
          );
          return rows.map((row) => toReport(row, unfinished));
        });
        return toPage(reports, page.limit);
      },
    ),

    route(
      {
        method: "get",
        path: "/v1/reports/:id",
        summary: "Get a report with its progress",
        access: "user",
        params: id,
        status: 200,
        response: report,
      },
      async ({ session: { userId }, params }) =>
        inSnapshot(async (tx) => {
          const found = await tx.report.findUnique({
            where: { id: params.id, ...readableBy(userId) },
            include: { project: { select: { name: true } } },
          });
          if (!found) throw new Problem("not-found");
          return toReport(found, await progressOf(tx, found.state === "PENDING" ? [found] : []));
        }),
    ),

    route(
      {
        method: "get",
        path: "/v1/reports/:id/pdf",
        summary: "Get the PDF of a report",
        access: "user",
        params: id,
        status: 200,
        response: publishedFile,
        problems: ["report-not-ready"],
      },
      async ({ session: { userId }, params }) => {
        const found = await prisma.report.findUnique({
          where: { id: params.id, ...readableBy(userId) },
          include: { project: { select: { name: true } }, sprint: { select: { name: true } } },
        });
        if (!found) throw new Problem("not-found");
        if (found.state !== "READY") throw new Problem("report-not-ready");
        return {
          key: reportKey(found.id),
          filename: reportFilename(found),
          contentType: "application/pdf",
          disposition: "inline" as const,
        };
      },
    ),

    route(
      {
        method: "delete",
        path: "/v1/reports/:id",
        summary: "Delete a report and its PDF",
        access: "user",
        params: id,
        status: 204,
      },
      async ({ session: { userId }, params, transaction }) => {
        const reportId = params.id;
        await transaction(async ({ tx, enqueue }) => {
          const { count } = await tx.report.deleteMany({ where: { id: reportId, userId } });
          if (count === 0) throw new Problem("not-found");
          await enqueue(reportPurge, { reportId });
          await enqueue(reportPurge, { reportId }, { delay: QUIET_AFTER });
        });
      },
    ),
  ];
};

const toReport = (
  { project, ...row }: Report & { project: { name: string } },
  unfinished: ReadonlyMap<string, number>,
) => ({
  ...row,
  projectName: project.name,
  ...(hasFailed(row, unfinished) && { state: "FAILED" as const, problem: row.problem ?? UNEXPECTED }),
  progress: row.state === "READY" ? 1 : (unfinished.get(row.id) ?? 0),
  url: row.state === "READY" ? `/v1/reports/${row.id}/pdf` : null,
});

const hasFailed = ({ id, state }: Report, unfinished: ReadonlyMap<string, number>) =>
  state === "FAILED" || (state === "PENDING" && !unfinished.has(id));
