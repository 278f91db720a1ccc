import { z } from "zod";
import { followZone } from "../../infra/time/follow-zone.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { name } from "./fields.ts";
import { given, timestamp, zone } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";

const notifications = z.object({ email: z.boolean(), push: z.boolean() });

const me = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: z.enum(["USER", "ADMIN"]),
  zone: z.string(),
  notifications,
  createdAt: timestamp,
});

/** The account of the current user. */
export const meRoutes = ({ prisma }: AppDeps) => [
  route(
    { method: "get", path: "/v1/me", summary: "Get your account", access: "user", status: 200, response: me },
    async ({ session }) => toMe(await prisma.user.findUnique({ where: { id: session.userId } })),
  ),

  route(
    {
      method: "patch",
      path: "/v1/me",
      summary: "Change your name, time zone or notifications",
      access: "user",
      body: z.object({ name, zone, notifications: notifications.partial() }).partial(),
      status: 200,
      response: me,
    },
    async ({ session: { userId: id }, body: { name, zone, notifications }, transaction }) => {
      const { email: notifyByMail, push: notifyByPush } = notifications ?? {};
      const data = given({ name, zone, notifyByMail, notifyByPush });
      if (zone === undefined)
        return toMe((await prisma.user.updateManyAndReturn({ where: { id, closedAt: null }, data }))[0]);
      return transaction(async ({ tx }) => {
        const [before] = await tx.$queryRaw<{ zone: string }[]>`
          SELECT zone FROM "User" WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
        const [user] = await tx.user.updateManyAndReturn({ where: { id }, data });
        if (before && before.zone !== zone) await followZone(tx, id, before.zone, zone);
        return toMe(user);
      });
    },
  ),
];

type User = Omit<z.input<typeof me>, "notifications"> & {
  shownEmail: string | null;
  notifyByMail: boolean;
  notifyByPush: boolean;
};

const toMe = (user: User | null | undefined): z.input<typeof me> => {
  if (!user) throw new Problem("unauthenticated"); // deleted after the session was read
  const { notifyByMail: email, notifyByPush: push } = user;
  return { ...user, email: user.shownEmail ?? user.email, notifications: { email, push } };
};
