import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../database.ts";
import { kinds, requiredMails, type Kind } from "./kinds.ts";

/** What a user is notified about. */
export interface Happening {
  userId: string;
  kind: Kind;
  /** The record that it is about. */
  recordId?: string;
  /** The user who caused it. */
  actorId?: string;
}

/** A notification that was written, and the jobs that its user wants for it. */
export interface Written {
  id: string;
  push: boolean;
  mail: boolean;
}

/**
 * Writes a notification in the transaction of what it reports, by the choices of its user. Until the transaction ends,
 * other notifications of the user wait, so that they are numbered in the order of their commits: call it late in the
 * transaction, and for several users in the order of their ids. Resolves with undefined if the account is closed. The
 * caller enqueues push-notify and email as the result says.
 */
export const notify = async (
  tx: Tx,
  { userId, kind, recordId, actorId }: Happening,
): Promise<Written | undefined> => {
  const id = uuidv7();
  const { inApp, push, mail } = kinds[kind];
  const [written] = await tx.$queryRaw<{ push: boolean; mail: boolean }[]>`
    WITH recipient AS (
      SELECT u.id, coalesce(c."inApp", ${inApp}) AS "inApp", u."notifyByPush" AND coalesce(c.push, ${push}) AS push,
             ${requiredMails.has(kind)} OR u."notifyByMail" AND coalesce(c.mail, ${mail}) AS mail
      FROM "User" u LEFT JOIN "NotificationChoice" c ON c."userId" = u.id AND c.kind = ${kind}
      WHERE u.id = ${userId}::uuid AND u."closedAt" IS NULL FOR KEY SHARE OF u -- waits for a closing, and then sees it
    ), feed AS (
      INSERT INTO "NotificationFeed" ("userId", last, version) SELECT id, 1, 1 FROM recipient
      ON CONFLICT ("userId") DO UPDATE SET last = "NotificationFeed".last + 1, version = "NotificationFeed".version + 1
      RETURNING last
    ), written AS (
      INSERT INTO "Notification" (id, "userId", sequence, kind, "recordId", "actorId", "inApp", push)
      SELECT ${id}::uuid, recipient.id, feed.last, ${kind}, ${recordId ?? null}::uuid, ${actorId ?? null}::uuid, "inApp", push
      FROM recipient, feed
    )
    SELECT push AND EXISTS (SELECT FROM "PushDevice" d WHERE d."userId" = recipient.id) AS push, mail FROM recipient`;
  return written && { id, ...written };
};
