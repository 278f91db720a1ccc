import { z } from "zod";
import { readSignedId } from "../../infra/tokens.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { message, token } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";

/**
 * One-click unsubscribe (RFC 8058). Mail providers and pages of webmail post to the URL in List-Unsubscribe; users open
 * it as a page. The token never expires, because the link in an old mail must still work. It allows nothing else.
 */
export const unsubscribeRoutes = ({ prisma, appSecret }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/unsubscribe",
      page: "unsubscribe.html",
      summary: "Unsubscribe from optional emails with the token from an email",
      access: "anyone",
      query: z.object({ token }),
      status: 200,
      response: message,
      problems: ["not-found"],
      fromAnySite: true,
    },
    async ({ query }) => {
      const userId = readSignedId(appSecret, "unsubscribe", query.token);
      if (!userId) throw new Problem("not-found");
      await prisma.user.updateMany({ where: { id: userId }, data: { notifyByMail: false } });
      return {
        message: "You will no longer receive these emails. We still send emails that your account requires.",
      };
    },
  ),
];
