import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../../infra/database.ts";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import { lockUser } from "./locked-user.ts";

/** Creates a link to set a new password and revokes the older ones. If the user does not exist, nothing is written. */
export const renewReset = async (tx: Tx, appSecret: string, userId: string): Promise<string> => {
  await lockUser(tx, userId);
  await tx.passwordReset.deleteMany({ where: { userId } });
  const id = uuidv7();
  const tokenHash = hashToken(deriveToken(appSecret, "reset-password", id));
  await tx.$executeRaw`
    INSERT INTO "PasswordReset" (id, "userId", "tokenHash", "expiresAt")
    SELECT ${id}::uuid, id, ${tokenHash}, now() + interval '30 minutes' FROM "User" WHERE id = ${userId}::uuid`;
  return id;
};
