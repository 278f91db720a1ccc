import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../../infra/database.ts";
import type { PushDevice } from "../../prisma/client/client.ts";
import { Problem } from "../http/problem.ts";

/** The most devices of a user. The oldest ones go. */
export const MOST_DEVICES = 20;

/**
 * Registers a token for a user. The same token again changes its platform only. One that another user has leaves that
 * user in the same statement, under a new id. A new device gets the notifications that come after it.
 * @throws Problem `unauthenticated` if the account is closed or deleted
 */
export const registerDevice = async (
  tx: Tx,
  { userId, token, platform }: Pick<PushDevice, "userId" | "token" | "platform">,
): Promise<PushDevice> => {
  // Concurrent registrations of one user count the devices one after the other, and the deletion of the account waits.
  const [user] = await tx.$queryRaw<object[]>`
    SELECT FROM "User" WHERE id = ${userId}::uuid AND "closedAt" IS NULL FOR NO KEY UPDATE`;
  if (!user) throw new Problem("unauthenticated");
  const [device] = await tx.$queryRaw<PushDevice[]>`
    INSERT INTO "PushDevice" AS d (id, "userId", token, platform, "sentUpTo")
    SELECT ${uuidv7()}::uuid, ${userId}::uuid, ${token}, ${platform}::"Platform",
           coalesce((SELECT last FROM "NotificationFeed" WHERE "userId" = ${userId}::uuid), 0)
    ON CONFLICT (token) DO UPDATE SET
      id = CASE WHEN d."userId" = EXCLUDED."userId" THEN d.id ELSE EXCLUDED.id END,
      "sentUpTo" = CASE WHEN d."userId" = EXCLUDED."userId" THEN d."sentUpTo" ELSE EXCLUDED."sentUpTo" END,
      "createdAt" = CASE WHEN d."userId" = EXCLUDED."userId" THEN d."createdAt" ELSE EXCLUDED."createdAt" END,
      "userId" = EXCLUDED."userId", platform = EXCLUDED.platform
    RETURNING *`;
  if (!device) throw new Error("the device was not written");
  // SKIP LOCKED: one that is moving to another user at this moment goes anyway.
  await tx.$executeRaw`
    DELETE FROM "PushDevice" WHERE id IN (
      SELECT id FROM "PushDevice" WHERE "userId" = ${userId}::uuid AND id <> ${device.id}::uuid
      ORDER BY id DESC OFFSET ${MOST_DEVICES - 1} FOR UPDATE SKIP LOCKED)`;
  return device;
};
