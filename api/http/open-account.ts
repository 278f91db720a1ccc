import type { Transaction } from "./contract.ts";
import { Problem } from "./problem.ts";

/**
 * Transactions of a user, each of which keeps the account from being closed until it ends. Once an account is closed
 * (workers/account-delete), no request that was let in before changes anything for it.
 * @throws Problem if it is closed or deleted
 */
export const whileOpen =
  (transaction: Transaction, userId: string): Transaction =>
  (work) =>
    transaction(async (scope) => {
      const open = await scope.tx.$queryRaw<object[]>`
        SELECT FROM "User" WHERE id = ${userId}::uuid AND "closedAt" IS NULL FOR KEY SHARE`;
      if (open.length === 0) throw new Problem("unauthenticated");
      return work(scope);
    });
