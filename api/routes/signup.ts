import { Router } from "express";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { hashPassword } from "../../infra/passwords.ts";
import { deriveToken, hashToken } from "../../infra/tokens.ts";
import { email as emailJob } from "../../workers/email/job.ts";
import type { AppDeps } from "../app.ts";

const DAY = 86_400_000;

const signup = z.object({
  email: z
    .string("Give an e-mail address.")
    .trim()
    .toLowerCase()
    .max(254)
    .pipe(z.email("This is not an e-mail address.")),
  name: z.string("Give a name.").trim().min(1, "Give a name.").max(100, "At most 100 characters."),
  password: z
    .string("Give a password.")
    .min(10, "At least 10 characters.")
    .max(200, "At most 200 characters."),
});

/**
 * Sign-up answers the same, and takes as long, whether or not the address has an account: only its owner learns the
 * difference, by mail.
 */
export const signupRoutes = ({ jobs, appSecret }: AppDeps): Router => {
  /** Both branches take as many statements, and so as long. */
  const register = ({ email, name }: z.output<typeof signup>, passwordHash: string): Promise<string> =>
    jobs.transaction(async ({ tx, enqueue }) => {
      const user = { id: uuidv7(), email, name, passwordHash };
      const { count } = await tx.user.createMany({ data: [user], skipDuplicates: true });
      if (count === 0) {
        const known = await tx.user.findUniqueOrThrow({ where: { email }, select: { id: true } });
        return enqueue(emailJob, { template: "account-exists", userId: known.id });
      }
      const id = uuidv7();
      const tokenHash = hashToken(deriveToken(appSecret, "verify-email", id));
      const expiresAt = new Date(Date.now() + DAY);
      await tx.emailVerification.create({ data: { id, userId: user.id, tokenHash, expiresAt } });
      return enqueue(emailJob, { template: "verification", userId: user.id, subject: id });
    });

  return Router().post("/v1/signup", async (request, response) => {
    const body = signup.parse(request.body);
    await register(body, await hashPassword(body.password));
    response.status(202).json({ message: "Check your inbox to go on." });
  });
};
