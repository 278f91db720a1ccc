import { z } from "zod";
import { normalizePassword, verifyPassword } from "../../infra/passwords.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { timestamp } from "../http/fields.ts";
import { FRESH } from "../http/fresh-session.ts";
import { Problem } from "../http/problem.ts";
import { enforceLimit, limits } from "../rate-limits.ts";

const password = z.string("Enter your password.").max(1_000).transform(normalizePassword);

export const reauthenticationRoutes = ({ prisma, throttle }: AppDeps) => [
  route(
    {
      method: "post",
      path: "/v1/admin/reauthenticate",
      summary: "Enter your password again, which allows changes in this session for 10 minutes",
      access: "admin",
      body: z.object({ password }),
      status: 200,
      response: z.object({ until: timestamp }),
      problems: ["wrong-password", "too-many-requests"],
    },
    async ({ session: { id, userId }, body }) => {
      await enforceLimit(throttle, limits.login, userId);
      const user = await prisma.user.findUnique({ where: { id: userId }, select: { passwordHash: true } });
      if (!user || !(await verifyPassword(user.passwordHash, body.password)))
        throw new Problem("wrong-password");
      await throttle.forget(limits.login, userId);
      const now = new Date();
      // The hash again: the password may have been changed meanwhile.
      const { count } = await prisma.session.updateMany({
        where: { id, user: { passwordHash: user.passwordHash, role: "ADMIN" } },
        data: { reauthenticatedAt: now },
      });
      if (count === 0) throw new Problem("wrong-password");
      return { until: new Date(now.getTime() + FRESH) };
    },
  ),
];
