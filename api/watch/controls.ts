import { type RequestHandler, Router } from "express";
import { readJson } from "../http/json-body.ts";
import { type AnyAct, breakActs, type ControlDeps, demoActs, repairActs } from "./control-acts.ts";
import { provided } from "./provided.ts";
import type { Safety } from "./safety.ts";

/** Everything below /watch/control. */
export const createControls = (deps: ControlDeps): Router => {
  const { safety, breaks } = deps;
  const router = Router({ caseSensitive: true });
  for (const each of [...breakActs(deps), ...demoActs(deps), ...repairActs(deps)])
    router[each.method](each.path, answer(each, safety));
  router.get("/state", (request, response, next) => {
    safety.requireOwnScript(request);
    breaks.read().then((body) => response.set("Cache-Control", "no-store").json(body), next);
  });
  return router.use(provided(deps));
};

/** The paths, for the log. */
export const controlPaths = [
  "/watch/control/state/providers/workers/kill/api/broker/empty/queues/poison/flood/rain/limited/ordered/batch/twice",
  "/watch/control/jobs/retry/cancel/reset/inbox/html/phones",
];

const answer =
  ({ body: schema, status = 200, breaks, run, after }: AnyAct, safety: Safety): RequestHandler =>
  async (request, response) => {
    safety.requireOwnScript(request);
    const body: unknown = schema.parse((await readJson(request, response)) ?? {});
    if (breaks?.(body)) safety.takeTurn();
    const result = await run(body, request.params as Record<string, string>);
    if (after) response.once("finish", after);
    response.status(status).set("Cache-Control", "no-store").json(result);
  };
