import type { Request } from "express";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import type { AppDeps } from "../deps.ts";
import type { Route, Session, Transaction } from "./contract.ts";
import { Problem } from "./problem.ts";

const DAY = 86_400_000;

/** A concurrent request with the same key has committed. */
class AlreadyDoneError extends Error {}

/**
 * Does the work of a request with an Idempotency-Key once. For 24 hours, requests with the same key get the same
 * response. The transaction that does the work also stores the response, so neither can exist without the other. Errors
 * are not stored: the next attempt may succeed.
 */
export const createIdempotency =
  ({ jobs, prisma, appSecret }: Pick<AppDeps, "jobs" | "prisma" | "appSecret">) =>
  async (
    { idempotent }: Route["contract"],
    { session, body, request }: { session: Session | undefined; body: unknown; request: Request },
    work: (transaction: Transaction) => Promise<unknown>,
  ): Promise<unknown> => {
    const key = idempotent && keyOf(request);
    if (!key) return work(jobs.transaction);

    const id = hashToken([request.path, session?.userId, key].join("\n"));
    const fingerprint = hashToken(deriveToken(appSecret, "idempotency", JSON.stringify(body)));

    const findStored = async (): Promise<unknown> => {
      const found = await prisma.idempotencyKey.findUnique({ where: { id, createdAt: { gt: dayAgo() } } });
      if (found && Buffer.compare(found.fingerprint, fingerprint) !== 0)
        throw new Problem("idempotency-key-reused");
      return found?.answer;
    };

    const transaction: Transaction = (inner) =>
      jobs.transaction(async (scope) => {
        const { idempotencyKey } = scope.tx;
        await idempotencyKey.deleteMany({ where: { id, createdAt: { lte: dayAgo() } } });
        // Waits for a concurrent request with the same key, and inserts nothing if that request has committed.
        const { count } = await idempotencyKey.createMany({
          data: { id, fingerprint, answer: {}, userId: session?.userId ?? null },
          skipDuplicates: true,
        });
        if (count === 0) throw new AlreadyDoneError();
        const response = await inner(scope);
        await idempotencyKey.update({ where: { id }, data: { answer: response as object } });
        return response;
      });

    // A concurrent request with the same key may have caused the error: it has used the link, the attempts or the
    // limit.
    const unlessAlreadyDone = (problem: unknown) => {
      if (!(problem instanceof Problem)) throw problem;
      return transaction(() => Promise.reject(problem));
    };

    try {
      return (await findStored()) ?? (await work(transaction).catch(unlessAlreadyDone));
    } catch (error) {
      if (error instanceof AlreadyDoneError) return findStored();
      throw error;
    }
  };

const dayAgo = () => new Date(Date.now() - DAY);

const keyOf = ({ headers }: Request): string | undefined => {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  const field = "Idempotency-Key";
  throw new Problem("invalid-request", {
    errors: [{ field, message: "Use 1 to 255 visible ASCII characters." }],
  });
};
