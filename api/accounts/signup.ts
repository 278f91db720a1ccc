import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { hashPassword } from "../../infra/passwords.ts";
import { email as emailJob } from "../../workers/email/job.ts";
import type { Enqueue } from "../../workers/core/index.ts";
import type { AppDeps } from "../deps.ts";
import { clientOf } from "../http/client-address.ts";
import { route } from "../http/contract.ts";
import { name, newPassword } from "./fields.ts";
import { address, message } from "../http/fields.ts";
import { limits, enforceLimit } from "../rate-limits.ts";
import { lockUserByEmail } from "./locked-user.ts";
import { createVerification, type SignUp } from "./verification.ts";

const signup = z
  .object({ email: address, name, password: newPassword })
  .transform(({ email: { email, shown }, ...rest }) => ({
    email,
    ...rest,
    ...(shown !== email && { shownEmail: shown }),
  }));

/** Creates the user unless there is one with this address, and locks it. */
const createUser = async (tx: Tx, user: SignUp & { email: string }) => {
  for (let tries = 1; ; tries++) {
    await tx.user.createMany({ data: [{ id: uuidv7(), ...user }], skipDuplicates: true });
    const locked = await lockUserByEmail(tx, user.email);
    if (locked) return locked;
    // account-purge deleted an abandoned account between the two statements.
    if (tries === 2) throw new Error("the user was deleted during the sign-up");
  }
};

/**
 * Writes a sign-up and its mail in the given transaction. Resolves with the id of the mail's job. Runs the same
 * statements for a new, an unverified and a verified address, so that they take as long.
 */
export const createSignUp =
  (appSecret: string) =>
  async (
    { tx, enqueue }: { tx: Tx; enqueue: Enqueue },
    { email, ...signUp }: SignUp & { email: string },
  ): Promise<string> => {
    const { id: userId, verifiedAt } = await createUser(tx, { email, ...signUp });
    const recordId = await createVerification(tx, appSecret, userId, signUp);
    return enqueue(
      emailJob,
      verifiedAt ? { template: "account-exists", userId } : { template: "verification", userId, recordId },
    );
  };

/**
 * The response and its timing are the same whether or not the address already has an account. Only the owner of the
 * address learns the difference, by mail. Until the address is verified, each sign-up has its own verification: the
 * password and the name of the one that is used apply.
 */
export const signupRoutes = ({ appSecret, throttle }: AppDeps) => {
  const signUp = createSignUp(appSecret);
  return [
    route(
      {
        method: "post",
        path: "/v1/signup",
        summary: "Create an account and send a verification email",
        access: "anyone",
        body: signup,
        status: 202,
        response: message,
        problems: ["too-many-requests"],
        idempotent: true,
      },
      async ({ body, request, transaction }) => {
        await enforceLimit(throttle, limits.mails, clientOf(request));
        await enforceLimit(throttle, limits.signup, body.email);
        const { email, name, shownEmail = null } = body;
        const passwordHash = await hashPassword(body.password);
        return transaction(async (scope) => {
          await signUp(scope, { email, name, passwordHash, shownEmail });
          return { message: "Check your inbox to continue." };
        });
      },
    ),
  ];
};
