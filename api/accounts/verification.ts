import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../../infra/database.ts";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import { lockUser } from "./locked-user.ts";

/** What a user gets when the verification of a sign-up is used. */
export interface SignUp {
  name: string;
  passwordHash: string;
  shownEmail: string | null;
}

/**
 * Creates the email verification of a sign-up and returns its id. Those of other sign-ups stay valid until one is used;
 * expired ones are deleted. Writes nothing if the user is verified.
 */
export const createVerification = async (
  tx: Tx,
  appSecret: string,
  userId: string,
  { name, passwordHash, shownEmail }: SignUp,
): Promise<string> => {
  const { id, tokenHash } = newLink(appSecret);
  await tx.$executeRaw`
    WITH expired AS (DELETE FROM "EmailVerification" WHERE "userId" = ${userId}::uuid AND "expiresAt" < now())
    INSERT INTO "EmailVerification" (id, "userId", "tokenHash", "expiresAt", name, "passwordHash", "shownEmail")
    SELECT ${id}::uuid, id, ${tokenHash}, now() + interval '24 hours', ${name}, ${passwordHash}, ${shownEmail}
      FROM "User" WHERE id = ${userId}::uuid AND "verifiedAt" IS NULL`;
  return id;
};

/**
 * Replaces the email verification of the newest sign-up. Those of other sign-ups stay valid: otherwise a sign-up by
 * someone else would revoke the user's link. Writes nothing if the user does not exist.
 */
export const renewVerification = async (tx: Tx, appSecret: string, userId: string): Promise<string> => {
  await lockUser(tx, userId);
  const { id, tokenHash } = newLink(appSecret);
  await tx.$executeRaw`
    WITH revoked AS (
      DELETE FROM "EmailVerification" WHERE id = (
        SELECT id FROM "EmailVerification" WHERE "userId" = ${userId}::uuid AND "usedAt" IS NULL
         ORDER BY "createdAt" DESC, id DESC LIMIT 1)
      RETURNING name, "passwordHash", "shownEmail")
    INSERT INTO "EmailVerification" (id, "userId", "tokenHash", "expiresAt", name, "passwordHash", "shownEmail")
    SELECT ${id}::uuid, u.id, ${tokenHash}, now() + interval '24 hours', r.name, r."passwordHash", r."shownEmail"
      FROM "User" u LEFT JOIN revoked r ON true WHERE u.id = ${userId}::uuid`;
  return id;
};

const newLink = (appSecret: string) => {
  const id = uuidv7();
  return { id, tokenHash: hashToken(deriveToken(appSecret, "verify-email", id)) };
};
