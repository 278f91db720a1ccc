import { z } from "zod";
import { recordAction } from "../../infra/admin/actions.ts";
import { cancelJobs, replayJobs, type Sql } from "../../workers/core/index.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { id } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";

const changed = z.object({ count: z.int().describe("Jobs that were changed, with those of its flow.") });

/** Retries and cancels single jobs. */
export const changeRoutes = (_deps: AppDeps) => [
  change("retry", "Run a job of the dead letter again", replayJobs, "The job is not in the dead letter."),
  change(
    "cancel",
    "Cancel a job that has not started, or a flow by its root",
    cancelJobs,
    "The job has started or ended, or is a part of a flow.",
  ),
];

const change = (
  action: "retry" | "cancel",
  summary: string,
  work: (sql: Sql, ids: string[]) => Promise<{ id: string }[]>,
  refused: string,
) =>
  route(
    {
      method: "post",
      path: `/v1/admin/jobs/:id/${action}`,
      summary,
      access: "admin",
      fresh: true,
      params: id,
      status: 200,
      response: changed,
      problems: ["job-refused"],
    },
    async ({ session: { userId }, params, transaction }) =>
      transaction(async ({ sql }) => {
        const { length: count } = await work(sql, [params.id]);
        if (count === 0) throw new Problem("job-refused", { detail: refused });
        await recordAction(sql, { userId }, { action: `job.${action}`, target: { jobId: params.id }, count });
        return { count };
      }),
  );
