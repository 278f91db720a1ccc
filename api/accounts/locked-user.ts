import type { Tx } from "../../infra/database.ts";
import { verifyPassword } from "../../infra/passwords.ts";

/**
 * Serializes concurrent logins, resets and link requests of one user until the transaction ends. Resolves with
 * undefined if the account is closed or deleted.
 */
export const lockUser = async (tx: Tx, id: string): Promise<{ passwordHash: string } | undefined> => {
  const [user] = await tx.$queryRaw<{ passwordHash: string }[]>`
    SELECT "passwordHash" FROM "User" WHERE id = ${id}::uuid AND "closedAt" IS NULL FOR NO KEY UPDATE`;
  return user;
};

/** The same for the user of an address. Undefined if there is none: a concurrent transaction has deleted it. */
export const lockUserByEmail = async (
  tx: Tx,
  email: string,
): Promise<{ id: string; verifiedAt: Date | null } | undefined> => {
  const [user] = await tx.$queryRaw<{ id: string; verifiedAt: Date | null }[]>`
    SELECT id, "verifiedAt" FROM "User" WHERE email = ${email} FOR NO KEY UPDATE`;
  return user;
};

/** Locks a user whose password has matched `hash`, and returns whether the password still matches. */
export const lockUserByPassword = async (
  tx: Tx,
  id: string,
  { hash, password }: { hash: string; password: string },
): Promise<boolean> => {
  const user = await lockUser(tx, id);
  // A concurrent login may have replaced the hash by another one of the same password.
  return user?.passwordHash === hash || verifyPassword(user?.passwordHash, password);
};
