import { Router } from "express";
import { z } from "zod";
import { hashToken } from "../../infra/tokens.ts";
import type { AppDeps } from "../app.ts";
import { Problem } from "../problem.ts";

const verifyEmail = z.object({ token: z.string("Give the token from the mail.").min(1).max(200) });

/** Redeems the link of the verification mail, once. */
export const verifyEmailRoutes = ({ prisma }: AppDeps): Router =>
  Router().post("/v1/verify-email", async (request, response) => {
    const { token } = verifyEmail.parse(request.body);
    const now = new Date();
    await prisma.$transaction(async (tx) => {
      // One statement finds and spends the token, so that of parallel redemptions one wins.
      const [spent] = await tx.emailVerification.updateManyAndReturn({
        where: { tokenHash: hashToken(token), usedAt: null, expiresAt: { gt: now } },
        data: { usedAt: now },
        select: { userId: true },
      });
      if (!spent) throw new Problem(410, "token-spent", "This link was used already, or is too old.");
      await tx.user.update({ where: { id: spent.userId }, data: { verifiedAt: now } });
    });
    response.json({ message: "Your address is verified." });
  });
