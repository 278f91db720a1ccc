import type { Request } from "express";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import type { AppDeps } from "../deps.ts";
import type { Route, Session, Transaction } from "./contract.ts";
import { Problem } from "./problem.ts";

const DAY = 86_400_000;

/** The twin of this request has committed. */
class AnsweredError extends Error {}

/**
 * Does the work of a request that carries an Idempotency-Key once, and answers its repetitions for 24 hours alike. The
 * answer is kept by the transaction that does the work, so that neither is ever there without the other. What was
 * refused is not kept: it may be right the next time.
 */
export const createIdempotency =
  ({ jobs, prisma, appSecret }: Pick<AppDeps, "jobs" | "prisma" | "appSecret">) =>
  async (
    { repeatable }: Route["contract"],
    { session, body, request }: { session: Session | undefined; body: unknown; request: Request },
    work: (transaction: Transaction) => Promise<unknown>,
  ): Promise<unknown> => {
    const key = repeatable && keyOf(request);
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
        // Waits for a twin under way, and then inserts nothing if that has committed.
        const { count } = await idempotencyKey.createMany({
          data: { id, fingerprint, answer: {} },
          skipDuplicates: true,
        });
        if (count === 0) throw new AnsweredError();
        const answer = await inner(scope);
        await idempotencyKey.update({ where: { id }, data: { answer: answer as object } });
        return answer;
      });

    // Perhaps because a twin is doing this work, or has done it meanwhile: spent the link, the tries, the throttle.
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
