import { z } from "zod";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id, timestamp } from "../http/fields.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";

const session = z.object({
  id: z.uuid(),
  device: z.string(),
  current: z.boolean().describe("Whether this session sent the request."),
  createdAt: timestamp,
  lastUsedAt: timestamp,
  expiresAt: timestamp,
});

/** The sessions of the current user. */
export const sessionRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/sessions",
      summary: "List your sessions, newest first",
      access: "user",
      query: pageQuery,
      status: 200,
      response: pageOf(session),
    },
    async ({ session: { id: current, userId }, query }) => {
      const { where, ...rest } = pageArguments(query);
      const rows = await prisma.session.findMany({
        where: { ...where, userId, expiresAt: { gt: new Date() } },
        ...rest,
      });
      return toPage(
        rows.map((row) => ({ ...row, current: row.id === current })),
        query.limit,
      );
    },
  ),

  route(
    {
      method: "delete",
      path: "/v1/sessions",
      summary: "End all other sessions",
      access: "user",
      status: 204,
    },
    async ({ session: { id, userId } }) => {
      await prisma.session.deleteMany({ where: { userId, id: { not: id } } });
    },
  ),

  route(
    {
      method: "delete",
      path: "/v1/sessions/:id",
      summary: "End a session",
      access: "user",
      params: id,
      status: 204,
    },
    async ({ session: { userId }, params }) => {
      const { count } = await prisma.session.deleteMany({ where: { id: params.id, userId } });
      if (count === 0) throw new Problem("not-found");
    },
  ),
];
