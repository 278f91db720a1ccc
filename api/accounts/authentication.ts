import type { Request } from "express";
import { hashToken } from "../../infra/tokens.ts";
import type { AppDeps } from "../deps.ts";
import type { Session } from "../http/contract.ts";
import { createCookies } from "../http/cookies.ts";
import { Problem } from "../http/problem.ts";
import { endOfSession } from "./session-lifetime.ts";

const MINUTE = 60_000;

/** Finds the session of a request, by its Bearer token or else by its cookie. */
export const createAuthentication = ({ prisma, publicUrl }: Pick<AppDeps, "prisma" | "publicUrl">) => {
  const cookies = createCookies(publicUrl);

  /** @throws Problem if the request has no valid session */
  return async (request: Request): Promise<Session> => {
    const now = new Date();
    const token = tokenOf(request, cookies.get(request, "session"));
    const found = await prisma.session.findUnique({
      where: { tokenHash: hashToken(token) },
      select: {
        id: true,
        userId: true,
        createdAt: true,
        lastUsedAt: true,
        expiresAt: true,
        reauthenticatedAt: true,
        user: { select: { role: true } },
      },
    });
    if (!found || found.expiresAt <= now) throw unauthenticated();

    const { id, userId, createdAt, reauthenticatedAt, user } = found;
    // Updated at most once a minute, so that not every request writes.
    if (found.lastUsedAt.getTime() <= now.getTime() - MINUTE)
      await prisma.session.updateMany({
        where: { id },
        data: { lastUsedAt: now, expiresAt: endOfSession(createdAt, now) },
      });
    return { id, userId, role: user.role, reauthenticatedAt };
  };
};

const tokenOf = ({ headers }: Request, cookie: string | undefined): string => {
  const { authorization } = headers;
  const token = authorization === undefined ? cookie : /^Bearer +([\w-]+)$/i.exec(authorization)?.[1];
  if (!token) throw unauthenticated();
  return token;
};

const unauthenticated = () => new Problem("unauthenticated", { headers: { "WWW-Authenticate": "Bearer" } });
