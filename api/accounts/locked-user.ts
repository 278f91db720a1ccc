import type { Tx } from "../../infra/database.ts";

/** Serializes concurrent logins, resets and link requests of one user until the transaction ends. */
export const lockUser = async (tx: Tx, id: string): Promise<{ passwordHash: string } | undefined> => {
  const [user] = await tx.$queryRaw<{ passwordHash: string }[]>`
    SELECT "passwordHash" FROM "User" WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
  return user;
};
