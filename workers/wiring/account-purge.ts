import type { Database, Tx } from "../../infra/database.ts";
import { purgeAccounts } from "../account-purge/handler.ts";
import { accountPurge } from "../account-purge/job.ts";
import { defineWorker, type PurgedBatch } from "../core/index.ts";
import { purgeOptions } from "./database-load.ts";
import type { Infrastructure } from "./infrastructure.ts";

export const wire = ({ prisma, config }: Infrastructure) =>
  defineWorker(
    accountPurge,
    purgeAccounts({
      ...purgeOptions({ prisma, config }),
      unverifiedDays: config.unverifiedDays,
      deleteUnverified: deleteUnverified(prisma),
    }),
  );

interface Account {
  id: string;
  at: string;
}

/**
 * Locks the accounts first, in a statement of its own, and then decides. A sign-up or a new link locks the account too
 * and changes other tables, which only a statement that begins after the lock is sure to see.
 */
const deleteUnverified =
  (prisma: Pick<Database["prisma"], "$transaction">) =>
  (until: Date, after: string | undefined, limit: number): Promise<PurgedBatch> =>
    prisma.$transaction(async (tx) => {
      const page = await lockPage(tx, until, after, limit);
      const accounts = await deleteAbandoned(
        tx,
        page.map(({ id }) => id),
      );
      const last = page.at(-1);
      return {
        counts: { accounts, kept: page.length - accounts },
        next: last && `${last.at} ${last.id}`,
      };
    });

const lockPage = (tx: Tx, until: Date, after: string | undefined, limit: number): Promise<Account[]> => {
  const [createdAt, id] = after?.split(" ") ?? ["-infinity", "00000000-0000-0000-0000-000000000000"];
  return tx.$queryRaw<Account[]>`
    SELECT id, to_json("createdAt") #>> '{}' AS at FROM "User"
     WHERE "verifiedAt" IS NULL AND "createdAt" <= ${until.toISOString()}::timestamptz
       AND ("createdAt", id) > (${createdAt}::timestamptz, ${id}::uuid)
     ORDER BY "createdAt", id LIMIT ${limit}::int FOR UPDATE SKIP LOCKED`;
};

/** An unverified user cannot log in, so should own nothing. It is checked, because a deletion would take it along. */
const deleteAbandoned = (tx: Tx, ids: string[]): Promise<number> => tx.$executeRaw`
  DELETE FROM "User" u
   WHERE id = ANY (${ids}::uuid[]) AND "verifiedAt" IS NULL
     AND NOT EXISTS (SELECT FROM "EmailVerification" v
                      WHERE v."userId" = u.id AND v."usedAt" IS NULL AND v."expiresAt" > now())
     AND NOT EXISTS (SELECT FROM "Upload" WHERE "userId" = u.id)
     AND NOT EXISTS (SELECT FROM "ProjectMember" WHERE "userId" = u.id)
     AND NOT EXISTS (SELECT FROM "Invitation" WHERE "invitedById" = u.id)
     AND NOT EXISTS (SELECT FROM "Task" WHERE "assigneeId" = u.id)
     AND NOT EXISTS (SELECT FROM "Task" WHERE "creatorId" = u.id)
     AND NOT EXISTS (SELECT FROM "Comment" WHERE "authorId" = u.id)
     AND NOT EXISTS (SELECT FROM "Report" WHERE "userId" = u.id)
     AND NOT EXISTS (SELECT FROM "Schedule" WHERE "userId" = u.id)`;
