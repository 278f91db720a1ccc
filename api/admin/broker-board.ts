import { type RequestHandler, Router } from "express";
import helmet from "helmet";
import type { Queue } from "bullmq";
import { recordAction } from "../../infra/admin/actions.ts";
import { sqlOf } from "../../infra/database.ts";
import { findPauses, pauseQueue, resumeQueue, type Sql } from "../../workers/core/index.ts";
import type { AppDeps } from "../deps.ts";
import type { Session } from "../http/contract.ts";
import { isFresh } from "../http/fresh-session.ts";
import { Problem } from "../http/problem.ts";
import { createSameSite } from "../http/same-site.ts";
import { queues } from "../http/queues.ts";
import type { Board } from "./board.ts";
import { redactPayload, redactText } from "./redact.ts";

const PATH = "/admin/queues";

/** bull-board: what the broker has. It is loaded at its first request. */
export const brokerBoard = ({
  board,
  prisma,
  publicUrl,
}: Pick<AppDeps, "board" | "prisma" | "publicUrl">): RequestHandler => {
  if (!board) return (_request, _response, next) => next();
  let opened: Promise<RequestHandler> | undefined;
  const refuseOtherSites = createSameSite(publicUrl);

  const checkChange: RequestHandler = async (request, response, next) => {
    if (request.method === "GET" || request.method === "HEAD") return next();
    refuseOtherSites(request);
    if (!board.isWritable)
      throw new Problem("method-not-allowed", {
        headers: { Allow: "GET, HEAD" },
        detail: "It is read-only.",
      });
    const session = response.locals["session"] as Session;
    if (!isFresh(session)) throw new Problem("reauthentication-required");
    const target = { request: `${request.method} ${request.path}`.slice(0, 300) };
    await recordAction(sqlOf(prisma), { userId: session.userId }, { action: "broker.change", target });
    next();
  };

  const serve: RequestHandler = async (request, response, next) => {
    opened ??= open(sqlOf(prisma), board).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    (await opened)(request, response, next);
  };
  return Router().use(policy, checkChange, serve) as RequestHandler;
};

const open = async (sql: Sql, { queue, isWritable }: Board): Promise<RequestHandler> => {
  const [{ createBullBoard }, { BullMQAdapter }, { ExpressAdapter }] = await Promise.all([
    import("@bull-board/api"),
    import("@bull-board/api/bullMQAdapter"),
    import("@bull-board/express"),
  ]);
  const server = new ExpressAdapter();
  server.setBasePath(PATH);
  const adapters = queues.map(({ name }) => {
    const adapter = new BullMQAdapter(queue(name) as unknown as Queue, { readOnlyMode: !isWritable });
    adapter.setFormatter("data", redactPayload);
    adapter.setFormatter("returnValue", redactText);
    // One mechanism: its buttons pause in the ledger, as the overview does.
    return Object.assign(adapter, {
      pause: async () => void (await pauseQueue(sql, name, "broker page")),
      resume: async () => void (await resumeQueue(sql, name)),
      isPaused: async () => (await findPauses(sql)).some((pause) => pause.name === name),
    });
  });
  createBullBoard({
    queues: adapters,
    serverAdapter: server,
    options: { uiConfig: { boardTitle: "Offstage broker", miscLinks: [{ text: "Admin", url: "/admin" }] } },
  });
  return server.getRouter() as RequestHandler;
};

/** Its scripts find each other by a base element. */
const policy = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    ...{ scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'"], fontSrc: ["'self'"] },
    ...{ connectSrc: ["'self'"], baseUri: ["'self'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
  },
}) as RequestHandler;
