import { createHash } from "node:crypto";
import { sqlOf, type Database, type Tx } from "../../infra/database.ts";
import { hashPassword } from "../../infra/passwords.ts";
import { sealText } from "../../infra/sealed.ts";
import { createToken } from "../../infra/tokens.ts";
import { deleteAccount, type Account } from "../account-delete/handler.ts";
import { accountDelete } from "../account-delete/job.ts";
import { defineWorker, prepareJob } from "../core/index.ts";
import { purgeOptions } from "./database-load.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { addToReceipt, type Counts, inBatch, type Removal, useIndexes } from "./user-data/removal.ts";
import { userData } from "./user-data/list.ts";

export const wire = ({ prisma, storage, config }: Infrastructure) =>
  defineWorker(
    accountDelete,
    deleteAccount<Tx>({
      ...purgeOptions({ prisma, config }),
      close: closeAccount(prisma, config.appSecret),
      steps: (account) => [
        ...userData
          .flatMap(({ remove = [] }) => remove)
          .map((remove) => (after: string | undefined) => remove({ prisma, storage, ...account }, after)),
        ...references.map((reference) => () => lookFor(reference, { prisma, ...account })),
      ],
      finish: finishDeletion,
      handOn: async (tx, { deletionId }, delay) => {
        const jobId = await prepareJob(accountDelete, { deletionId }, { delay })(sqlOf(tx));
        await tx.accountDeletion.update({ where: { id: deletionId }, data: { jobId }, select: { id: true } });
      },
    }),
  );

/**
 * One transaction takes everything from the account that names its user. It locks the user as a login does that cancels
 * the deletion: either that finds the account closed, or this finds the deletion gone. FOR UPDATE also waits for
 * requests in progress (api/http/open-account.ts), and no later one changes anything for the user.
 */
const closeAccount =
  (prisma: Database["prisma"], appSecret: string) =>
  async (deletionId: string): Promise<Account | undefined> => {
    const where = { id: deletionId };
    const scheduled = await prisma.accountDeletion.findUnique({ where, select: { userId: true } });
    if (!scheduled?.userId) return undefined;
    const { userId } = scheduled;
    const passwordHash = await hashPassword(createToken()); // that no password matches
    return prisma.$transaction(async (tx) => {
      const [user] = await tx.$queryRaw<
        { email: string; shownEmail: string | null; closedAt: Date | null }[]
      >`
        SELECT email, "shownEmail", "closedAt" FROM "User" WHERE id = ${userId}::uuid FOR UPDATE`;
      const deletion = await tx.accountDeletion.findUnique({ where, select: { userId: true } });
      if (!user || !deletion?.userId) return undefined;
      if (!user.closedAt) {
        const now = new Date();
        await tx.accountDeletion.update({
          where,
          data: {
            ...{ startedAt: now, tokenHash: null },
            sealedAddress: sealText(appSecret, deletionId, user.email),
          },
          select: { id: true },
        });
        await addToReceipt(tx, deletionId, await forgetUser(tx, userId, user));
        await tx.user.update({
          where: { id: userId },
          data: {
            // Not an address, so that no other user can have it: the host of one has a dot.
            ...{ email: `${userId}@deleted`, shownEmail: null, name: "", passwordHash },
            ...{ closedAt: now, role: "USER" },
          },
          select: { id: true },
        });
      }
      return { deletionId, userId };
    });
  };

/** What can only be found by the address, and the sessions, by which requests are let in. */
const forgetUser = async (
  tx: Tx,
  userId: string,
  { email, shownEmail }: { email: string; shownEmail: string | null },
): Promise<Counts> => {
  const sessions = await tx.session.deleteMany({ where: { userId } });
  const invitations = await tx.invitation.deleteMany({ where: { email } });
  // Responses to those who have invited the address. Of one day, so that a look at all of them is short.
  await tx.$executeRaw`
    DELETE FROM "IdempotencyKey" WHERE answer->>'email' IN (${email}, ${shownEmail ?? email})`;
  const throttles = await forgetThrottles(tx, userId, email);
  return { sessions: sessions.count, invitations: invitations.count, throttles };
};

/** The end of a key is the hash of what was counted: see infra/throttle.ts. */
const forgetThrottles = (tx: Tx, ...subjects: string[]): Promise<number> => {
  const hashes = subjects.map((subject) => createHash("sha256").update(subject).digest("base64url"));
  return tx.$executeRaw`DELETE FROM "Throttle" WHERE right(key, 43) = ANY (${hashes})`;
};

const references = userData.flatMap((entry) => entry.references);

/**
 * The first look after a deletion is slow: it checks every deleted row that an index still names, and marks its entry.
 * So one table is looked at after the other before `finishDeletion` looks at all of them, and has the user locked.
 */
const lookFor = ([table, column]: (typeof references)[number], removal: Account & Pick<Removal, "prisma">) =>
  inBatch(removal, async (tx) => {
    await tx.$queryRawUnsafe(`SELECT EXISTS (${rowsOf(table, column)})`, removal.userId);
    return { counts: {}, next: undefined };
  });

const rowsOf = (table: string, column: string) => `SELECT FROM "${table}" WHERE "${column}" = $1::uuid`;

/** Deletes the user's row if nothing refers to it, and leaves the receipt. */
const finishDeletion = async (tx: Tx, { userId, deletionId }: Account): Promise<string[]> => {
  await useIndexes(tx); // also for the checks of the foreign keys
  await tx.$queryRaw`SELECT FROM "User" WHERE id = ${userId}::uuid FOR UPDATE`;
  const [left] = await tx.$queryRawUnsafe<[{ found: string[] }]>(findLeft, userId);
  if (left.found.length > 0) return left.found;
  await tx.accountDeletion.update({
    where: { id: deletionId },
    data: { finishedAt: new Date(), userId: null },
    select: { id: true },
  });
  await tx.user.delete({ where: { id: userId }, select: { id: true } });
  return [];
};

/** Jobs that a worker runs, and rows that were written meanwhile. */
const findLeft = `SELECT array_remove(ARRAY[
  CASE WHEN EXISTS (SELECT FROM "Job" WHERE payload ? 'userId' AND payload ->> 'userId' = $1::uuid::text) THEN 'jobs' END,
  ${references
    .map(([table, column]) => `CASE WHEN EXISTS (${rowsOf(table, column)}) THEN '${table}.${column}' END`)
    .join(",\n  ")}], NULL) AS found`;
