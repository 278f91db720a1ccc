import { z } from "zod";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { timestamp } from "../http/fields.ts";
import { pageArguments, pageOf, pageQuery, toPage } from "../http/pagination.ts";

const user = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: z.enum(["USER", "ADMIN"]),
  verifiedAt: timestamp.nullable(),
  createdAt: timestamp,
});

/** All accounts, for administrators only. */
export const userRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/users",
      summary: "List all accounts, newest first",
      access: "admin",
      query: pageQuery,
      status: 200,
      response: pageOf(user),
    },
    async ({ query }) => {
      const { where, ...rest } = pageArguments(query);
      const rows = await prisma.user.findMany({ ...rest, where: { ...where, closedAt: null } });
      return toPage(
        rows.map((row) => ({ ...row, email: row.shownEmail ?? row.email })),
        query.limit,
      );
    },
  ),
];
