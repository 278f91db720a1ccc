import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../../infra/database.ts";
import { EXPORT_KEPT } from "../../infra/export-file.ts";
import type { AccountExport } from "../../prisma/client/client.ts";
import { accountExport } from "../../workers/account-export/job.ts";
import type { Enqueue } from "../../workers/core/index.ts";
import { progressOf, UNEXPECTED } from "./work.ts";

/**
 * Creates an export and its job, unless one of the user is unfinished. Resolves with either. The unique index
 * AccountExport_pending_key makes a concurrent request wait, and then find the first.
 */
export const createExport = async (
  { tx, enqueue }: { tx: Tx; enqueue: Enqueue },
  userId: string,
): Promise<AccountExport> => {
  for (;;) {
    const id = uuidv7();
    const expiresAt = new Date(Date.now() + EXPORT_KEPT);
    const data = { id, userId, expiresAt };
    const [created] = await tx.accountExport.createManyAndReturn({ data, skipDuplicates: true });
    if (created) {
      await enqueue(accountExport, { exportId: id });
      return created;
    }
    const unfinished = await findUnfinished(tx, userId);
    // Undefined: it was finished or deleted a moment ago.
    if (unfinished) return unfinished;
  }
};

/** The pending export, if a job works on it. One whose job has failed is marked as failed, so that it can be replaced. */
const findUnfinished = async (tx: Tx, userId: string): Promise<AccountExport | undefined> => {
  const found = await tx.accountExport.findFirst({ where: { userId, state: "PENDING" } });
  if (!found) return undefined;
  if ((await progressOf(tx, [found.id])).has(found.id)) return found;
  await tx.accountExport.updateMany({
    where: { id: found.id, state: "PENDING" },
    data: { state: "FAILED", problem: UNEXPECTED },
  });
  return undefined;
};
