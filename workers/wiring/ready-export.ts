import type { Database } from "../../infra/database.ts";

/** An export for the mail that announces it. Null if it is not ready, was deleted, or has expired. */
export const findReadyExport = async (prisma: Pick<Database["prisma"], "accountExport">, id: string) => {
  const found = await prisma.accountExport.findUnique({
    where: { id, state: "READY", expiresAt: { gt: new Date() } },
    select: { bytes: true, expiresAt: true },
  });
  return found && { bytes: Number(found.bytes), expiresAt: found.expiresAt };
};
