import { wire } from "../../../workers/wiring/account-delete.ts";
import type { Wire } from "../../../workers/wiring/infrastructure.ts";
import { until } from "../../../scripts/processes/until.ts";
import type { TestApp } from "./app.ts";
import type { Person, SignedIn } from "./people.ts";

/** The module for tests: other test files use the same server, and must not make it count as busy. */
export const accountDeletion: Wire = (infrastructure) => {
  const config = { ...infrastructure.config, purgeMaxStatements: 10_000, purgeMaxBatchMs: 60_000 };
  return wire({ ...infrastructure, config });
};

/** What a user does to delete the account, and what is seen of it from outside. */
export const createDeletions = (app: TestApp) => {
  const { prisma } = app.core.database;
  return {
    request: (session: SignedIn, { password }: Pick<Person, "password">, more: object = {}) =>
      session.delete("/v1/account").send({ password, ...more }),

    /** As if the grace period were over. */
    makeDue: (deletionId: string) =>
      app.core.sql(
        `UPDATE "Job" SET "dueAt" = now() WHERE id = (SELECT "jobId" FROM "AccountDeletion" WHERE id = $1::uuid)`,
        [deletionId],
      ),

    idOf: async (email: string): Promise<string> =>
      (await prisma.user.findUniqueOrThrow({ where: { email }, select: { id: true } })).id,

    /** The deletion of a user, who still exists. */
    of: (userId: string) => prisma.accountDeletion.findUniqueOrThrow({ where: { userId } }),

    finished: (deletionId: string) =>
      until(`deletion ${deletionId} is finished`, async () => {
        const found = await prisma.accountDeletion.findUniqueOrThrow({ where: { id: deletionId } });
        return found.finishedAt !== null && found;
      }),
  };
};
