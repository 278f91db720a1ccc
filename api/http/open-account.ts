import type { Tx } from "../../infra/database.ts";
import type { Transaction } from "./contract.ts";
import { Problem } from "./problem.ts";

/** Keeps an account from being closed until the transaction ends. Resolves with whether it is open. */
export const holdOpenAccount = async (tx: Tx, userId: string): Promise<boolean> => {
  const open = await tx.$queryRaw<object[]>`
    SELECT FROM "User" WHERE id = ${userId}::uuid AND "closedAt" IS NULL FOR KEY SHARE`;
  return open.length > 0;
};

/**
 * Transactions of a user, each of which keeps the account from being closed until it ends. Once an account is closed
 * (workers/account-delete), no request that was let in before changes anything for it.
 * @throws Problem if it is closed or deleted
 */
export const whileOpen =
  (transaction: Transaction, userId: string): Transaction =>
  (work) =>
    transaction(async (scope) => {
      if (!(await holdOpenAccount(scope.tx, userId))) throw new Problem("unauthenticated");
      return work(scope);
    });
