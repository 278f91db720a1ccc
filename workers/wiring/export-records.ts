import { EXPORT_KEPT } from "../../infra/export-file.ts";
import type { Database, Tx } from "../../infra/database.ts";
import type { RequestedExport } from "../account-export/data.ts";
import { announce } from "./announce.ts";

/** The rows of exports, as their job reads and writes them. */
export const createExportRecords = (prisma: Pick<Database["prisma"], "accountExport">) => ({
  findExport: async (id: string): Promise<RequestedExport | undefined> => {
    const found = await prisma.accountExport.findUnique({
      where: { id, expiresAt: { gt: new Date() }, user: { closedAt: null } },
      select: { id: true, userId: true, createdAt: true, user: { select: { name: true } } },
    });
    if (!found) return undefined;
    const { user, ...requested } = found;
    return { ...requested, name: user.name };
  },

  /** Never makes an expired export ready again: export-purge may have removed its file. */
  publish: async (tx: Tx, { id, userId }: RequestedExport, bytes: number): Promise<"published" | "gone"> => {
    const [row] = await tx.$queryRaw<{ state: string }[]>`
      SELECT e.state::text FROM "AccountExport" e JOIN "User" u ON u.id = e."userId"
       WHERE e.id = ${id}::uuid AND e."expiresAt" > now() AND u."closedAt" IS NULL FOR UPDATE OF e`;
    if (!row) return "gone";
    if (row.state === "READY") {
      await tx.accountExport.update({ where: { id }, data: { bytes } });
      return "published";
    }
    const readyAt = new Date();
    const expiresAt = new Date(readyAt.getTime() + EXPORT_KEPT);
    const ready = { state: "READY" as const, problem: null, bytes, readyAt, expiresAt };
    await tx.accountExport.update({ where: { id }, data: ready });
    await announce(tx, { userId, kind: "export-ready", recordId: id });
    return "published";
  },
});
