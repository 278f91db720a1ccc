import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { upgradeHash, verifyPassword } from "../../infra/passwords.ts";
import { createToken, hashToken } from "../../infra/tokens.ts";
import type { AppDeps } from "../deps.ts";
import { announce } from "../http/announce.ts";
import { clientOf } from "../http/client-address.ts";
import { route } from "../http/contract.ts";
import { createCookies } from "../http/cookies.ts";
import { forgetInBrowser } from "../http/forget-in-browser.ts";
import { noteForLog } from "../http/request-log.ts";
import { deviceName } from "./device-name.ts";
import { email } from "../http/fields.ts";
import { password } from "./fields.ts";
import { limits, enforceLimit } from "../rate-limits.ts";
import { cancelDeletion } from "./cancel-deletion.ts";
import { lockUserByPassword } from "./locked-user.ts";
import { Problem } from "../http/problem.ts";
import { ABSOLUTE, endOfSession } from "./session-lifetime.ts";

const DAY = 86_400_000;
const YEAR = 365 * DAY;

const login = z.object({
  email,
  password,
  as: z
    .enum(["cookie", "bearer"])
    .default("cookie")
    .describe(
      "How the session is returned: as an HTTP-only cookie for browsers, or as a token for API clients.",
    ),
});
const loggedIn = z.object({
  message: z.string(),
  deletionCancelled: z
    .literal(true)
    .optional()
    .describe("The deletion of the account was scheduled; this login has cancelled it."),
  token: z.string().optional().describe("For the header `Authorization: Bearer …`. Only with `as: bearer`."),
});

/** An unknown address gets the same response, in the same time, as a wrong password. */
export const loginRoutes = ({ prisma, jobs, throttle, publicUrl }: AppDeps) => {
  const cookies = createCookies(publicUrl);

  /** Whether the user has logged in with this device cookie before. The first device counts as known. */
  const isKnown = async (tx: Tx, userId: string, tokenHash: Uint8Array<ArrayBuffer>) => {
    const isThere = async (where: { userId: string; tokenHash?: Uint8Array<ArrayBuffer> }) =>
      (await tx.device.findFirst({ where, select: { userId: true } })) !== null;
    return (await isThere({ userId, tokenHash })) || !(await isThere({ userId }));
  };

  return [
    route(
      {
        method: "post",
        path: "/v1/login",
        summary: "Log in",
        access: "anyone",
        body: login,
        status: 200,
        response: loggedIn,
        problems: ["wrong-credentials", "too-many-requests"],
      },
      async ({ body, request, response }) => {
        await enforceLimit(throttle, limits.logins, clientOf(request));
        await enforceLimit(throttle, limits.login, body.email, clientOf(request));
        const user = await prisma.user.findUnique({
          where: { email: body.email },
          select: { id: true, passwordHash: true, verifiedAt: true },
        });
        if (user) noteForLog(response, { userId: user.id });
        const isRight = await verifyPassword(user?.passwordHash, body.password);
        // The same response in all cases: otherwise it would reveal whether the address has an account.
        if (!user?.verifiedAt || !isRight) throw new Problem("wrong-credentials");
        await throttle.forget(limits.login, `${body.email} ${clientOf(request)}`);

        const { id: userId, passwordHash: hash } = user;
        const upgraded = await upgradeHash(hash, body.password);
        const token = createToken();
        const earlier = cookies.get(request, "session");
        const device = cookies.get(request, "device") ?? createToken();
        const deviceHash = hashToken(device);

        const isCancelled = await jobs.transaction(async ({ tx, enqueue }) => {
          const now = new Date();
          if (!(await lockUserByPassword(tx, userId, { hash, password: body.password })))
            throw new Problem("wrong-credentials");
          if (upgraded)
            await tx.user.updateMany({
              where: { id: userId, passwordHash: hash },
              data: { passwordHash: upgraded },
            });
          // Ends a session that an attacker or a previous user may have left in this browser.
          if (earlier) await tx.session.deleteMany({ where: { tokenHash: hashToken(earlier) } });
          const session = await tx.session.create({
            data: {
              userId,
              tokenHash: hashToken(token),
              device: deviceName(request.headers["user-agent"]),
              expiresAt: endOfSession(now, now),
            },
            select: { id: true },
          });
          const isNew = !(await isKnown(tx, userId, deviceHash));
          await tx.device.createMany({ data: { userId, tokenHash: deviceHash }, skipDuplicates: true });
          // At most once a day. record-purge deletes devices that are unseen for a year.
          await tx.device.updateMany({
            where: { userId, tokenHash: deviceHash, lastSeenAt: { lt: new Date(now.getTime() - DAY) } },
            data: { lastSeenAt: now },
          });
          if (isNew) await announce({ tx, enqueue }, { userId, kind: "new-sign-in", recordId: session.id });
          return cancelDeletion({ tx, enqueue }, userId);
        });

        cookies.set(response, "device", device, YEAR);
        if (body.as === "cookie") cookies.set(response, "session", token, ABSOLUTE);
        return {
          message: isCancelled ? "You are logged in, and your account is kept." : "You are logged in.",
          ...(isCancelled && { deletionCancelled: true as const }),
          ...(body.as === "bearer" && { token }),
        };
      },
    ),

    route(
      { method: "post", path: "/v1/logout", summary: "End this session", access: "user", status: 204 },
      async ({ session, response }) => {
        await prisma.session.deleteMany({ where: { id: session.id } });
        cookies.clear(response, "session");
        forgetInBrowser(response);
      },
    ),
  ];
};
