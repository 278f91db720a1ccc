import { type RequestHandler, Router } from "express";
import type { z } from "zod";
import type { AppDeps } from "../app.ts";
import { createAuthentication } from "../accounts/authentication.ts";
import { readJson } from "./json-body.ts";
import type { Route } from "./contract.ts";
import { createIdempotency } from "./idempotency.ts";
import { refuseOtherMethods } from "./other-methods.ts";
import { pages } from "./pages-folder.ts";
import { Problem } from "./problem.ts";
import { publishedFile } from "./published-file.ts";
import { createSendFile } from "./send-file.ts";
import { createSameSite } from "./same-site.ts";

/** Mounts routes. Each request is checked against its contract before the handler runs. */
export const serve = (routes: readonly Route[], deps: AppDeps): Router => {
  const authenticate = createAuthentication(deps);
  const refuseOtherSites = createSameSite(deps.publicUrl);
  const runOnce = createIdempotency(deps);
  const sendFile = createSendFile(deps);

  const toHandler =
    ({ contract, handle }: Route): RequestHandler =>
    async (request, response) => {
      refuseOtherSites(request);
      const session = contract.access === "anyone" ? undefined : await authenticate(request);
      if (contract.access === "admin" && session?.role !== "ADMIN") throw new Problem("forbidden");
      const params = parseParams(contract.params, request.params);
      const query = contract.query?.parse(request.query);
      const body = contract.body?.parse(await readJson(request, response));

      const call = { session, params, query, body, request, response };
      const result = await runOnce(contract, call, (transaction) => handle({ ...call, transaction }));
      if (contract.response === publishedFile)
        return sendFile(request, response, publishedFile.parse(result));
      response.status(contract.status).set("Cache-Control", "no-store");
      if (contract.response) response.json(contract.response.parse(result));
      else response.end();
    };

  const router = Router({ caseSensitive: true });
  for (const [path, group] of Map.groupBy(routes, ({ contract }) => contract.path)) {
    const at = router.route(path);
    for (const each of group) at[each.contract.method](toHandler(each));
    const htmlPages = group.flatMap(({ contract }) => contract.page ?? []);
    for (const page of htmlPages) at.get((_request, response) => response.sendFile(page, { root: pages }));
    at.all(
      refuseOtherMethods([...htmlPages.map(() => "get"), ...group.map(({ contract }) => contract.method)]),
    );
  }
  return router;
};

const parseParams = (schema: z.ZodType | undefined, params: Record<string, string | string[]>): unknown => {
  // Express splits the value of a wildcard at each slash.
  const joined = Object.entries(params).map(([name, value]) => [name, [value].flat().join("/")]);
  const parsed = schema?.safeParse(Object.fromEntries(joined));
  if (parsed?.error) throw new Problem("not-found");
  return parsed?.data;
};
