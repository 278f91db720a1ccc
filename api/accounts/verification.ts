import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../../infra/database.ts";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import { lockUser } from "./locked-user.ts";

/** Creates an email verification and returns its id. Writes nothing if the user does not exist. */
export const createVerification = async (tx: Tx, appSecret: string, userId: string): Promise<string> => {
  const id = uuidv7();
  const tokenHash = hashToken(deriveToken(appSecret, "verify-email", id));
  await tx.$executeRaw`
    INSERT INTO "EmailVerification" (id, "userId", "tokenHash", "expiresAt")
    SELECT ${id}::uuid, id, ${tokenHash}, now() + interval '24 hours' FROM "User" WHERE id = ${userId}::uuid`;
  return id;
};

/** Creates an email verification and revokes earlier ones. */
export const renewVerification = async (tx: Tx, appSecret: string, userId: string): Promise<string> => {
  await lockUser(tx, userId);
  await tx.emailVerification.deleteMany({ where: { userId, usedAt: null } });
  return createVerification(tx, appSecret, userId);
};
