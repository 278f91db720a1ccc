import { z } from "zod";
import { sqlOf } from "../../infra/database.ts";
import { recordAction } from "../../infra/admin/actions.ts";
import { countOpen } from "../../infra/admin/open-jobs.ts";
import { findPauses, pauseQueue, resumeQueue } from "../../workers/core/index.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { timestamp } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";
import { queues } from "../http/queues.ts";

const names = new Set(queues.map(({ name }) => name));

const queue = z.object({
  name: z.string(),
  waiting: z.int().describe("Jobs that wait for their time, a worker or other jobs."),
  running: z.int(),
  isExact: z.boolean().describe("False if there are more open jobs than are counted."),
  pausedAt: timestamp.nullable(),
  pausedBy: z.string().nullable().describe("The id of an administrator, or the name of a program."),
});

export const queueRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/admin/queues",
      summary: "List the queues with their open jobs, and whether they are paused",
      access: "admin",
      status: 200,
      response: z.object({ items: z.array(queue) }),
    },
    async () => {
      const sql = sqlOf(prisma);
      const [pauses, open] = await Promise.all([findPauses(sql), countOpen(sql)]);
      const items = [...names].toSorted().map((name) => {
        const pause = pauses.find((each) => each.name === name);
        const counted = open.queues.get(name) ?? { waiting: 0, running: 0 };
        return {
          ...{ name, ...counted, isExact: open.isExact },
          ...{ pausedAt: pause?.pausedAt ?? null, pausedBy: pause?.by ?? null },
        };
      });
      return { items };
    },
  ),

  route(
    {
      method: "put",
      path: "/v1/admin/queues/:name",
      summary: "Pause a queue until it is resumed, or resume it",
      access: "admin",
      fresh: true,
      params: z.object({ name: z.string().max(64) }),
      body: z.object({ paused: z.boolean() }),
      status: 204,
    },
    async ({ session: { userId }, params: { name }, body: { paused }, transaction }) => {
      if (!names.has(name)) throw new Problem("not-found", { detail: "No such queue." });
      await transaction(async ({ sql }) => {
        const isChanged = paused ? await pauseQueue(sql, name, userId) : await resumeQueue(sql, name);
        const action = paused ? "queue.pause" : "queue.resume";
        if (isChanged) await recordAction(sql, { userId }, { action, target: { queue: name } });
      });
    },
  ),
];
