import { z } from "zod";
import { sqlOf } from "../../infra/database.ts";
import { recordAction } from "../../infra/admin/actions.ts";
import { countFailed, findReplays, MOST, startReplay, stopReplay } from "../../infra/admin/replays.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id, timestamp } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";
import { failedFilter, resolveUser } from "./fields.ts";

/** Replays that are listed. */
const LISTED = 20;

const filter = z.object(failedFilter);

const replay = z.object({
  id: z.uuid(),
  filter: z.unknown(),
  perMinute: z.int(),
  total: z.int(),
  replayed: z.int(),
  state: z.enum(["RUNNING", "DONE", "STOPPED"]),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
});

/** Many jobs of the dead letter again: first a count, then at a rate. */
export const replayRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/admin/replays/count",
      summary: "Count the jobs of the dead letter that a replay would run again",
      access: "admin",
      query: filter,
      status: 200,
      response: z.object({ count: z.int() }),
    },
    async ({ query }) => ({
      count: await countFailed(sqlOf(prisma), await resolveUser(prisma, query)),
    }),
  ),

  route(
    {
      method: "get",
      path: "/v1/admin/replays",
      summary: "List the newest replays",
      access: "admin",
      status: 200,
      response: z.object({ items: z.array(replay) }),
    },
    async () => ({ items: await findReplays(sqlOf(prisma), LISTED) }),
  ),

  route(
    {
      method: "post",
      path: "/v1/admin/replays",
      summary: "Run jobs of the dead letter again, at a rate, in the background",
      access: "admin",
      fresh: true,
      body: z.object({
        filter,
        count: z
          .number("Count the jobs first.")
          .int()
          .min(1, "No job matches.")
          .max(MOST.jobs, `At most ${MOST.jobs} jobs at a time.`)
          .describe("The number that was counted. No more jobs are replayed."),
        perMinute: z.number("Enter a number.").int().min(1).max(MOST.perMinute),
      }),
      status: 202,
      response: z.object({ id: z.uuid() }),
    },
    async ({ session: { userId }, body, transaction }) => {
      const { count: total, perMinute } = body;
      const resolved = await resolveUser(prisma, body.filter);
      return transaction(async ({ sql }) => {
        const replayId = await startReplay(sql, { filter: resolved, perMinute, total });
        const target = { replayId, filter: resolved, perMinute };
        await recordAction(sql, { userId }, { action: "replay.start", target, count: total });
        return { id: replayId };
      });
    },
  ),

  route(
    {
      method: "post",
      path: "/v1/admin/replays/:id/stop",
      summary: "Stop a replay. Jobs that it has replayed go on",
      access: "admin",
      fresh: true,
      params: id,
      status: 204,
    },
    async ({ session: { userId }, params, transaction }) =>
      transaction(async ({ sql }) => {
        const stopped = await stopReplay(sql, params.id);
        if (!stopped) throw new Problem("not-found", { detail: "No such replay runs." });
        const target = { replayId: params.id };
        await recordAction(sql, { userId }, { action: "replay.stop", target, count: stopped.replayed });
      }),
  ),
];
