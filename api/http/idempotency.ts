import type { Request } from "express";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import type { AppDeps } from "../deps.ts";
import type { Route, Session, Transaction } from "./contract.ts";
import { Problem } from "./problem.ts";

const DAY = 86_400_000;

/** A request with the same key has committed. */
class AnsweredError extends Error {}

/**
 * Runs a request with an Idempotency-Key once and returns the same response to its repetitions for 24 hours. The response
 * is stored by the transaction that does the work, so that one never exists without the other. Refusals are not stored:
 * the next request may succeed.
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

    const answered = async (): Promise<unknown> => {
      const found = await prisma.idempotencyKey.findUnique({ where: { id, createdAt: { gt: dayAgo() } } });
      if (found && Buffer.compare(found.fingerprint, fingerprint) !== 0)
        throw new Problem("idempotency-key-reused");
      return found?.answer;
    };

    const transaction: Transaction = (inner) =>
      jobs.transaction(async (scope) => {
        const { idempotencyKey } = scope.tx;
        await idempotencyKey.deleteMany({ where: { id, createdAt: { lte: dayAgo() } } });
        // Waits for a concurrent request with this key, and inserts nothing if that has committed.
        const { count } = await idempotencyKey.createMany({
          data: { id, fingerprint, answer: {} },
          skipDuplicates: true,
        });
        if (count === 0) throw new AnsweredError();
        const answer = await inner(scope);
        await idempotencyKey.update({ where: { id }, data: { answer: answer as object } });
        return answer;
      });

    // A concurrent request with this key may be the reason: it used the link, the tries or the rate limit.
    const unlessTwinCommits = (refusal: unknown) => {
      if (!(refusal instanceof Problem)) throw refusal;
      return transaction(() => Promise.reject(refusal));
    };

    try {
      return (await answered()) ?? (await work(transaction).catch(unlessTwinCommits));
    } catch (error) {
      if (error instanceof AnsweredError) return answered();
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
    errors: [{ field, message: "1 to 255 visible ASCII characters." }],
  });
};
