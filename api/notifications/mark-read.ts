import type { Tx } from "../../infra/database.ts";
import type { Transaction } from "../http/contract.ts";

/** Rows per transaction: others who notify the user wait for one of them at most. */
const BATCH = 2_000;

/**
 * Marks the notifications of a user up to a sequence number as read. The feed is locked first, as in `notify`: two
 * requests that mark the same rows cannot deadlock.
 */
export const markUpTo = async (transaction: Transaction, userId: string, upTo: number): Promise<void> => {
  for (let marked = BATCH; marked === BATCH;)
    marked = await transaction(async ({ tx }) => {
      const where = { userId, inApp: true, readAt: null, sequence: { lte: upTo } };
      if (!(await tx.notification.findFirst({ where, select: { id: true } }))) return 0;
      await raiseVersion(tx, userId);
      return tx.$executeRaw`
        UPDATE "Notification" SET "readAt" = now() WHERE id IN (
          SELECT id FROM "Notification"
          WHERE "userId" = ${userId}::uuid AND "readAt" IS NULL AND "inApp" AND sequence <= ${upTo}
          LIMIT ${BATCH})`;
    });
};

/** Marks one notification of a user as read. Resolves with whether the user has it. */
export const markOne = (transaction: Transaction, userId: string, id: string): Promise<boolean> =>
  transaction(async ({ tx }) => {
    const where = { id, userId, inApp: true };
    const found = await tx.notification.findUnique({ where, select: { readAt: true } });
    if (!found || found.readAt) return found !== null;
    await raiseVersion(tx, userId);
    await tx.notification.updateMany({ where: { ...where, readAt: null }, data: { readAt: new Date() } });
    return true;
  });

const raiseVersion = (tx: Tx, userId: string) =>
  tx.notificationFeed.updateMany({ where: { userId }, data: { version: { increment: 1 } } });
