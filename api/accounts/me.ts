import { z } from "zod";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { name } from "./fields.ts";
import { given, timestamp } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";

/** Accepts time zones that this machine has rules for. An offset such as +01:00 ignores daylight saving time. */
const isZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return /^[A-Za-z]/.test(zone);
  } catch {
    return false;
  }
};

const zone = z.string().max(64).refine(isZone, "Enter a time zone such as Europe/Warsaw.");
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
    async ({ session, body: { name, zone, notifications } }) => {
      const { email: notifyByMail, push: notifyByPush } = notifications ?? {};
      const [user] = await prisma.user.updateManyAndReturn({
        where: { id: session.userId },
        data: given({ name, zone, notifyByMail, notifyByPush }),
      });
      return toMe(user);
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
