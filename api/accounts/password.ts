import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { hashPassword, verifyPassword } from "../../infra/passwords.ts";
import { hashToken } from "../../infra/tokens.ts";
import { email as emailJob } from "../../workers/email/job.ts";
import type { AppDeps } from "../deps.ts";
import { clientOf } from "../http/client-address.ts";
import { route } from "../http/contract.ts";
import { newPassword, password } from "./fields.ts";
import { email, message, token } from "../http/fields.ts";
import { limits, enforceLimit } from "../rate-limits.ts";
import { lockUser, lockUserByEmail, lockUserByPassword } from "./locked-user.ts";
import { renewReset } from "./password-reset.ts";
import { Problem } from "../http/problem.ts";

/** Replaces a forgotten password by a link in a mail, or a known one by the current password. */
export const passwordRoutes = ({ prisma, appSecret, throttle }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/password/forgot",
      summary: "Send a link to set a new password; earlier links stop working",
      access: "anyone",
      body: z.object({ email }),
      status: 202,
      response: message,
      problems: ["too-many-requests"],
      idempotent: true,
    },
    async ({ body, request, transaction }) => {
      await enforceLimit(throttle, limits.mails, clientOf(request));
      await enforceLimit(throttle, limits.forgot, body.email);
      return transaction(async ({ tx, enqueue }) => {
        const user = await lockUserByEmail(tx, body.email);
        // Without an account, the same statements run for a random id, so that they take as long.
        const userId = user?.id ?? uuidv7();
        const recordId = await renewReset(tx, appSecret, userId);
        await enqueue(emailJob, { template: "password-reset", userId, recordId });
        return { message: "If this address has an account, we have sent an email to it." };
      });
    },
  ),

  route(
    {
      method: "post",
      path: "/v1/password/reset",
      summary: "Set a new password with the token from the email; ends all sessions",
      access: "anyone",
      body: z.object({ token, password: newPassword }),
      status: 200,
      response: message,
      problems: ["token-spent"],
      idempotent: true,
    },
    async ({ body, transaction }) => {
      const tokenHash = hashToken(body.token);
      const now = new Date();
      const open = { tokenHash, usedAt: null, expiresAt: { gt: now } };
      // Checked before hashing, which is expensive: guessed tokens must not cause it.
      const found = await prisma.passwordReset.findUnique({ where: open, select: { userId: true } });
      if (!found) throw new Problem("token-spent");
      const { userId } = found;
      const passwordHash = await hashPassword(body.password);
      return transaction(async ({ tx, enqueue }) => {
        if (!(await lockUser(tx, userId))) throw new Problem("token-spent"); // the account was closed
        const { count } = await tx.passwordReset.updateMany({ where: open, data: { usedAt: now } });
        if (count === 0) throw new Problem("token-spent");
        await tx.user.update({ where: { id: userId }, data: { passwordHash }, select: { id: true } });
        // The link proves that the user owns the address.
        await tx.user.updateMany({ where: { id: userId, verifiedAt: null }, data: { verifiedAt: now } });
        // From now on, no sign-up changes the password.
        await tx.emailVerification.updateMany({ where: { userId }, data: { passwordHash: null } });
        await tx.session.deleteMany({ where: { userId } });
        await enqueue(emailJob, { template: "password-changed", userId });
        return { message: "Your password has been changed. Log in with the new password." };
      });
    },
  ),

  route(
    {
      method: "post",
      path: "/v1/password/change",
      summary: "Change your password; ends all other sessions",
      access: "user",
      body: z.object({ currentPassword: password, newPassword }),
      status: 200,
      response: message,
      problems: ["wrong-password", "too-many-requests"],
      idempotent: true,
    },
    async ({ session: { id, userId }, body, transaction }) => {
      await enforceLimit(throttle, limits.login, userId);
      const user = await prisma.user.findUnique({ where: { id: userId }, select: { passwordHash: true } });
      if (!user || !(await verifyPassword(user.passwordHash, body.currentPassword)))
        throw new Problem("wrong-password");
      const { passwordHash: hash } = user;
      await throttle.forget(limits.login, userId);
      const passwordHash = await hashPassword(body.newPassword);
      return transaction(async ({ tx, enqueue }) => {
        if (!(await lockUserByPassword(tx, userId, { hash, password: body.currentPassword })))
          throw new Problem("wrong-password");
        await tx.user.update({ where: { id: userId }, data: { passwordHash }, select: { id: true } });
        await tx.passwordReset.deleteMany({ where: { userId } });
        await tx.session.deleteMany({ where: { userId, id: { not: id } } });
        await enqueue(emailJob, { template: "password-changed", userId });
        return { message: "Your password has been changed." };
      });
    },
  ),
];
