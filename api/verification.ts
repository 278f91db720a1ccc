import { v7 as uuidv7 } from "uuid";
import type { Tx } from "../infra/database.ts";
import { deriveToken, hashToken } from "../infra/tokens.ts";
import { lockUser } from "./locked-user.ts";

const DAY = 86_400_000;

/** Gives a user a new link and code to verify the address with, which void the older ones. Resolves with their id. */
export const createVerification = async (tx: Tx, appSecret: string, userId: string): Promise<string> => {
  await lockUser(tx, userId);
  await tx.emailVerification.deleteMany({ where: { userId, usedAt: null } });
  const id = uuidv7();
  const tokenHash = hashToken(deriveToken(appSecret, "verify-email", id));
  await tx.emailVerification.create({
    data: { id, userId, tokenHash, expiresAt: new Date(Date.now() + DAY) },
    select: { id: true },
  });
  return id;
};
