import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../../infra/database.ts";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import { lockUser } from "./locked-user.ts";

/** Creates a password reset for a user and revokes earlier ones. Writes nothing if the user does not exist. */
export const renewReset = async (tx: Tx, appSecret: string, userId: string): Promise<string> => {
  await lockUser(tx, userId);
  await tx.passwordReset.deleteMany({ where: { userId } });
  const id = uuidv7();
  const tokenHash = hashToken(deriveToken(appSecret, "reset-password", id));
  await tx.$executeRaw`
    INSERT INTO "PasswordReset" (id, "userId", "tokenHash", "expiresAt")
    SELECT ${id}::uuid, id, ${tokenHash}, now() + interval '30 minutes' FROM "User" WHERE id = ${userId}::uuid AND "closedAt" IS NULL`;
  return id;
};
