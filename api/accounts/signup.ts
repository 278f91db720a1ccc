import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { hashPassword } from "../../infra/passwords.ts";
import { email as emailJob } from "../../workers/email/job.ts";
import type { AppDeps } from "../deps.ts";
import { clientOf } from "../http/client-address.ts";
import { route, type Transaction } from "../http/contract.ts";
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
 * The response and its timing are the same whether or not the address already has an account. Only the owner of the
 * address learns the difference, by mail. Until the address is verified, each sign-up has its own verification: the
 * password and the name of the one that is used apply.
 */
export const signupRoutes = ({ appSecret, throttle }: AppDeps) => {
  /** Runs the same statements for a new, an unverified and a verified address, so that they take as long. */
  const register = (
    transaction: Transaction,
    { email, name, shownEmail }: z.output<typeof signup>,
    passwordHash: string,
  ): Promise<z.input<typeof message>> =>
    transaction(async ({ tx, enqueue }) => {
      const signUp = { name, passwordHash, shownEmail: shownEmail ?? null };
      const { id: userId, verifiedAt } = await createUser(tx, { email, ...signUp });
      const recordId = await createVerification(tx, appSecret, userId, signUp);
      await enqueue(
        emailJob,
        verifiedAt ? { template: "account-exists", userId } : { template: "verification", userId, recordId },
      );
      return { message: "Check your inbox to continue." };
    });

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
        return register(transaction, body, await hashPassword(body.password));
      },
    ),
  ];
};
