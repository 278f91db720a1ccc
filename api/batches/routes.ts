import { z } from "zod";
import { sqlOf } from "../../infra/database.ts";
import { findBatches } from "../../workers/core/index.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id, timestamp } from "../http/fields.ts";
import { pageOf, pageQuery, toPage } from "../http/pagination.ts";
import { Problem } from "../http/problem.ts";

const batch = z.object({
  id: z.uuid(),
  name: z.string(),
  createdAt: timestamp,
  total: z.int(),
  waiting: z.int(),
  running: z.int(),
  done: z.int(),
  failed: z.int(),
  cancelled: z.int(),
});

/** Batches of jobs, such as everything that one hour made due, for administrators only. */
export const batchRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/batches",
      summary: "List batches of jobs, newest first",
      access: "admin",
      query: pageQuery,
      status: 200,
      response: pageOf(batch),
    },
    async ({ query: { cursor, limit } }) =>
      toPage(await findBatches(sqlOf(prisma), { before: cursor, limit: limit + 1 }), limit),
  ),

  route(
    {
      method: "get",
      path: "/v1/batches/:id",
      summary: "Get a batch of jobs with the number of jobs in each state",
      access: "admin",
      params: id,
      status: 200,
      response: batch,
    },
    async ({ params }) => {
      const [found] = await findBatches(sqlOf(prisma), { id: params.id, limit: 1 });
      if (!found) throw new Problem("not-found");
      return found;
    },
  ),
];
