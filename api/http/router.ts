import { type Request, type RequestHandler, Router } from "express";
import type { z } from "zod";
import type { AppDeps } from "../deps.ts";
import { isFresh } from "./fresh-session.ts";
import { readJson } from "./json-body.ts";
import type { Route, Session } from "./contract.ts";
import { eventStream, sendEvents } from "./event-stream.ts";
import { createIdempotency } from "./idempotency.ts";
import { refuseOtherMethods } from "./other-methods.ts";
import { pages } from "./pages-folder.ts";
import { Problem } from "./problem.ts";
import { publishedFile } from "./published-file.ts";
import { noteForLog } from "./request-log.ts";
import { whileOpen } from "./open-account.ts";
import { createSendFile } from "./send-file.ts";
import { createSameSite } from "./same-site.ts";

interface RouterDeps extends Pick<AppDeps, "publicUrl" | "jobs" | "prisma" | "appSecret" | "storage"> {
  /** Finds the session of a request. Throws a Problem if there is none. */
  authenticate(request: Request): Promise<Session>;
}

/** Mounts routes: everything that their contracts say is checked before a handler is called. */
export const serveRoutes = (routes: readonly Route[], deps: RouterDeps): Router => {
  const { authenticate } = deps;
  const refuseOtherSites = createSameSite(deps.publicUrl);
  const respondOnce = createIdempotency(deps);
  const sendFile = createSendFile(deps);

  const answer =
    ({ contract, handle }: Route): RequestHandler =>
    async (request, response) => {
      if (!contract.fromAnySite) refuseOtherSites(request);
      const session = contract.access === "anyone" ? undefined : await authenticate(request);
      if (session) noteForLog(response, { userId: session.userId });
      if (contract.access === "admin" && session?.role !== "ADMIN") throw new Problem("forbidden");
      if (contract.fresh && !isFresh(session)) throw new Problem("reauthentication-required");
      const params = parseParams(contract.params, request.params);
      const query = contract.query?.parse(request.query);
      const body = contract.body?.parse(await readJson(request, response));

      const call = { session, params, query, body, request, response };
      const result = await respondOnce(contract, call, (transaction) =>
        handle({ ...call, transaction: session ? whileOpen(transaction, session.userId) : transaction }),
      );
      if (contract.response === publishedFile)
        return sendFile(request, response, publishedFile.parse(result));
      if (contract.response === eventStream) return sendEvents(request, response, eventStream.parse(result));
      response.status(contract.status).set("Cache-Control", "no-store");
      if (contract.response) response.json(contract.response.parse(result));
      else response.end();
    };

  const router = Router({ caseSensitive: true });
  for (const [path, group] of Map.groupBy(routes, ({ contract }) => contract.path)) {
    const at = router.route(path);
    for (const each of group) at[each.contract.method](answer(each));
    const opened = group.flatMap(({ contract }) => contract.page ?? []);
    for (const page of opened) at.get((_request, response) => response.sendFile(page, { root: pages }));
    at.all(refuseOtherMethods([...opened.map(() => "get"), ...group.map(({ contract }) => contract.method)]));
  }
  return router;
};

const parseParams = (schema: z.ZodType | undefined, params: Record<string, string | string[]>): unknown => {
  // Express splits what a wildcard took.
  const joined = Object.entries(params).map(([name, value]) => [name, [value].flat().join("/")]);
  const parsed = schema?.safeParse(Object.fromEntries(joined));
  if (parsed?.error) throw new Problem("not-found");
  return parsed?.data;
};
