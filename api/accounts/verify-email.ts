import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { deriveCode, hashToken } from "../../infra/tokens.ts";
import type { Enqueue } from "../../workers/core/index.ts";
import { email as emailJob } from "../../workers/email/job.ts";
import type { AppDeps } from "../deps.ts";
import { clientOf } from "../http/client-address.ts";
import { route } from "../http/contract.ts";
import { email, message, token } from "../http/fields.ts";
import { limits, enforceLimit } from "../rate-limits.ts";
import { lockUser } from "./locked-user.ts";
import { Problem } from "../http/problem.ts";
import { renewVerification, type SignUp } from "./verification.ts";

const CODE_LIFE = 15 * 60_000;
const CODE_TRIES = 5;

const byLink = z.object({ token });
const byCode = z.object({
  email,
  code: z.string("Enter the code from the email.").regex(/^\d{6}$/, "Enter six digits."),
});

const verification = { id: true, userId: true, name: true, passwordHash: true, shownEmail: true } as const;

interface Verification extends Pick<SignUp, "shownEmail"> {
  id: string;
  userId: string;
  name: string | null;
  passwordHash: string | null;
}

/** False for a verification that is older than these columns: the user keeps what the sign-up has set. */
const isComplete = (signUp: Omit<Verification, "id" | "userId">): signUp is SignUp =>
  signUp.name !== null && signUp.passwordHash !== null;

/** Verifies an address with the link or the code of the verification mail. Each works once. */
export const verifyEmailRoutes = ({ prisma, appSecret, throttle }: AppDeps) => {
  const isRight = (id: string, code: string) => deriveCode(appSecret, "verify-email", id) === code;

  /** Gives an unverified user what the sign-up of this verification asked for, and revokes the other sign-ups. */
  const verify = async (tx: Tx, enqueue: Enqueue, { id, userId, ...signUp }: Verification) => {
    const { count } = await tx.user.updateMany({
      where: { id: userId, verifiedAt: null, closedAt: null },
      data: { verifiedAt: new Date(), ...(isComplete(signUp) && signUp) },
    });
    if (count > 0) {
      await tx.emailVerification.deleteMany({ where: { userId, id: { not: id } } });
      await enqueue(emailJob, { template: "welcome", userId });
    }
    return { message: "Your email address is verified." };
  };

  return [
    route(
      {
        method: "post",
        path: "/v1/verify-email",
        summary: "Verify an address with the token from the email",
        access: "anyone",
        body: byLink,
        status: 200,
        response: message,
        problems: ["token-spent"],
        idempotent: true,
      },
      async ({ body, transaction }) => {
        const tokenHash = hashToken(body.token);
        const found = await prisma.emailVerification.findUnique({
          where: { tokenHash },
          select: verification,
        });
        if (!found) throw new Problem("token-spent");
        return transaction(async ({ tx, enqueue }) => {
          await lockUser(tx, found.userId);
          const now = new Date();
          // One statement checks the token and marks it as used, so that only one of concurrent requests succeeds.
          const { count } = await tx.emailVerification.updateMany({
            where: { tokenHash, usedAt: null, expiresAt: { gt: now } },
            data: { usedAt: now, passwordHash: null },
          });
          if (count === 0) throw new Problem("token-spent");
          return verify(tx, enqueue, found);
        });
      },
    ),

    route(
      {
        method: "post",
        path: "/v1/verify-email/code",
        summary: "Verify an address with the six-digit code from the email",
        access: "anyone",
        body: byCode,
        status: 200,
        response: message,
        problems: ["wrong-code", "too-many-requests"],
        idempotent: true,
      },
      async ({ body, request, transaction }) => {
        await enforceLimit(throttle, limits.codes, clientOf(request));
        const user = await prisma.user.findUnique({ where: { email: body.email }, select: { id: true } });
        // A guess counts for every open sign-up, so that each code is compared five times at most. Counted in a
        // separate statement, which is not rolled back with the rest, and before the code is compared, so that
        // concurrent guesses count too.
        const open = await prisma.emailVerification.updateManyAndReturn({
          where: {
            userId: user?.id ?? uuidv7(),
            usedAt: null,
            createdAt: { gt: new Date(Date.now() - CODE_LIFE) },
            codeTries: { lt: CODE_TRIES },
          },
          data: { codeTries: { increment: 1 } },
          select: verification,
        });
        const found = open.find(({ id }) => isRight(id, body.code));
        if (!isRight(found?.id ?? "", body.code) || !found) throw new Problem("wrong-code");
        return transaction(async ({ tx, enqueue }) => {
          await lockUser(tx, found.userId);
          const { count } = await tx.emailVerification.updateMany({
            where: { id: found.id, usedAt: null },
            data: { usedAt: new Date(), passwordHash: null },
          });
          if (count === 0) throw new Problem("wrong-code");
          return verify(tx, enqueue, found);
        });
      },
    ),

    route(
      {
        method: "post",
        path: "/v1/verify-email/resend",
        summary: "Send the newest sign-up's verification email again; its earlier link and code stop working",
        access: "anyone",
        body: z.object({ email }),
        status: 202,
        response: message,
        problems: ["too-many-requests"],
        idempotent: true,
      },
      async ({ body, request, transaction }) => {
        await enforceLimit(throttle, limits.mails, clientOf(request));
        await enforceLimit(throttle, limits.resend, body.email);
        return transaction(async ({ tx, enqueue }) => {
          const user = await tx.user.findUnique({
            where: { email: body.email },
            select: { id: true, verifiedAt: true },
          });
          // Without an account to verify, the same statements run for a random id, so that they take as long.
          const userId = user && !user.verifiedAt ? user.id : uuidv7();
          const recordId = await renewVerification(tx, appSecret, userId);
          await enqueue(emailJob, { template: "verification", userId, recordId });
          return { message: "If this address still needs to be verified, we have sent a new email to it." };
        });
      },
    ),
  ];
};
