import type { Tx } from "../../infra/database.ts";
import { exportFilename, exportKey } from "../../infra/export-file.ts";
import type { AccountExport } from "../../prisma/client/client.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";
import { publishedFile } from "../http/published-file.ts";
import { enforceLimit, limits } from "../rate-limits.ts";
import { createExport } from "./create.ts";
import { accountExport } from "./shapes.ts";
import { progressOf, UNEXPECTED } from "./work.ts";

/** Asks for a copy of everything that belongs to a user, and lists and sends such copies. */
export const exportRoutes = ({ prisma, throttle }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/account/export",
      summary: "Ask for a ZIP with all your data; one is made at a time",
      access: "user",
      status: 202,
      response: accountExport,
      problems: ["too-many-requests"],
      idempotent: true,
    },
    async ({ session: { userId }, transaction }) => {
      // Asking again for the one in progress costs nothing.
      if ((await prisma.accountExport.count({ where: { userId, state: "PENDING" } })) === 0)
        await enforceLimit(throttle, limits.exports, userId);
      return transaction(async (scope) => {
        const row = await createExport(scope, userId);
        return toExport(row, await progressOf(scope.tx, [row.id]));
      });
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/account/exports",
      summary: "List the exports of your data, newest first",
      access: "user",
      query: pageQuery,
      status: 200,
      response: pageOf(accountExport),
    },
    async ({ session: { userId }, query }) => {
      const { where, ...rest } = pageArguments(query);
      const wanted = { ...where, userId, expiresAt: { gt: new Date() } };
      // From one snapshot: otherwise an export could appear as failed while its job completes.
      const read = async (tx: Tx) => {
        const rows = await tx.accountExport.findMany({ where: wanted, ...rest });
        const pending = rows.filter(({ state }) => state === "PENDING").map((row) => row.id);
        const unfinished = await progressOf(tx, pending);
        return rows.map((row) => toExport(row, unfinished));
      };
      const rows = await prisma.$transaction(read, { isolationLevel: "RepeatableRead" });
      return toPage(rows, query.limit);
    },
  ),

  route(
    {
      method: "get",
      path: "/v1/account/exports/:id/file",
      summary: "Get the ZIP of an export",
      access: "user",
      params: id,
      status: 200,
      response: publishedFile,
      problems: ["export-not-ready"],
    },
    async ({ session: { userId }, params }) => {
      const where = { id: params.id, userId, expiresAt: { gt: new Date() } };
      const found = await prisma.accountExport.findUnique({ where });
      if (!found) throw new Problem("not-found");
      if (found.state !== "READY") throw new Problem("export-not-ready");
      return {
        key: exportKey(found.id),
        filename: exportFilename(found.createdAt),
        contentType: "application/zip",
        disposition: "attachment" as const,
        cacheControl: "private, no-store",
      };
    },
  ),
];

const toExport = (row: AccountExport, unfinished: ReadonlyMap<string, number>) => ({
  ...row,
  ...(row.state === "PENDING" &&
    !unfinished.has(row.id) && { state: "FAILED" as const, problem: row.problem ?? UNEXPECTED }),
  bytes: row.bytes === null ? null : Number(row.bytes),
  progress: row.state === "READY" ? 1 : (unfinished.get(row.id) ?? 0),
  url: row.state === "READY" ? `/v1/account/exports/${row.id}/file` : null,
});
