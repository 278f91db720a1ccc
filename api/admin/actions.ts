import { z } from "zod";
import { sqlOf } from "../../infra/database.ts";
import { findActions } from "../../infra/admin/actions.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { timestamp } from "../http/fields.ts";
import { pageOf, pageQuery, toPage } from "../http/pagination.ts";

const action = z.object({
  id: z.uuid(),
  at: timestamp,
  userId: z.uuid().nullable(),
  userName: z.string().nullable().describe("Null for a program, and for an account that is deleted."),
  program: z.string().nullable(),
  action: z.string(),
  target: z.unknown(),
  count: z.int().nullable(),
});

export const actionRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/admin/actions",
      summary: "List what administrators have done, newest first",
      access: "admin",
      query: pageQuery,
      status: 200,
      response: pageOf(action),
    },
    async ({ query: { cursor, limit } }) => {
      const rows = await findActions(sqlOf(prisma), { cursor, limit: limit + 1 });
      const ids = rows.flatMap(({ userId }) => userId ?? []);
      const users = await prisma.user.findMany({
        where: { id: { in: ids }, closedAt: null },
        select: { id: true, name: true },
      });
      const names = new Map(users.map(({ id, name }) => [id, name]));
      const named = rows.map((row) => ({ ...row, userName: names.get(row.userId ?? "") ?? null }));
      return toPage(named, limit);
    },
  ),
];
