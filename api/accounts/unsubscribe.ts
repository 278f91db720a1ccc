import { z } from "zod";
import { readSignedId } from "../../infra/tokens.ts";
import type { AppDeps } from "../app.ts";
import { route } from "../http/contract.ts";
import { message, token } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";

/**
 * One-click unsubscription, RFC 8058: mail providers post to the address in List-Unsubscribe, people open it as a page.
 * The token lasts, as every mail ever sent must keep its promise, and can do nothing else.
 */
export const unsubscribeRoutes = ({ prisma, appSecret }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/unsubscribe",
      page: "unsubscribe.html",
      summary: "Stop the optional mails, by the link in one of them",
      access: "anyone",
      query: z.object({ token }),
      status: 200,
      response: message,
      problems: ["not-found"],
    },
    async ({ query }) => {
      const userId = readSignedId(appSecret, "unsubscribe", query.token);
      if (!userId) throw new Problem("not-found");
      await prisma.user.updateMany({ where: { id: userId }, data: { notifyByMail: false } });
      return { message: "No more of these mails will come. Mails that your account needs still will." };
    },
  ),
];
