import { type Request, type RequestHandler, Router } from "express";
import helmet from "helmet";
import { z } from "zod";
import { sendEvents } from "../http/event-stream.ts";
import { refuseOtherMethods } from "../http/other-methods.ts";
import { Problem } from "../http/problem.ts";
import type { Books } from "./books.ts";
import type { JobPages } from "./job-pages.ts";
import type { Safety } from "./safety.ts";
import { readSource } from "./source.ts";
import { watchFiles } from "./static.ts";
import type { Viewers } from "./viewers.ts";

/** Milliseconds after which a client reconnects. */
const RETRY = 1_000;

interface WatchRouterDeps {
  safety: Safety;
  viewers: Viewers;
  pages: JobPages;
  books: Books;
  /** The origin of stored files, if it is not this server's. */
  storageOrigin: string | undefined;
  /** Everything below /watch/control. */
  controls: Router;
}

export const createWatchRouter = (deps: WatchRouterDeps): Router => {
  const { safety, viewers, pages, books } = deps;

  const stream: RequestHandler = (request, response) => {
    const follows = followed.parse(request.query).follow;
    sendEvents(request, response, (opened) => viewers.add(opened, follows), { retry: RETRY });
  };

  return Router({ caseSensitive: true })
    .use(policy(deps.storageOrigin))
    .use((request, _response, next) => {
      safety.requireOwnHost(request);
      next();
    })
    .use(readOnly("/stream", stream))
    .use(answer("/jobs/:id", ({ params }) => pages.find(idOf(params))))
    .use(answer("/jobs", ({ query }) => pages.ofRequest(ofRequest.parse(query).requestId)))
    .use(
      answer("/books", ({ query }) => {
        const { since, requests } = ofBooks.parse(query);
        return books.read(since, requests);
      }),
    )
    .use(answer("/source", ({ query }) => readSource(source.parse(query))))
    .use("/control", deps.controls)
    .use(watchFiles());
};

/** The jobs of the page's acts, so a list that it keeps. */
const followed = z.object({
  follow: z
    .string()
    .default("")
    .transform((list) => list.split(",").filter(Boolean))
    .pipe(z.array(z.uuid()).max(40)),
});
const ofRequest = z.object({ requestId: z.string().min(1).max(64) });
const ofBooks = z.object({
  since: z.iso.datetime({ offset: true }),
  requests: z.string().min(8).max(64).optional(),
});
const source = z.object({ path: z.string().max(200), symbol: z.string().max(100).optional() });

/** A route for the page's own scripts. A page of another site gets nothing, and takes no stream from the page. */
const readOnly = (path: string, handle: RequestHandler): Router => {
  const router = Router({ caseSensitive: true });
  router
    .route(path)
    .get(refuseOtherSites, handle)
    .all(refuseOtherMethods(["get"]));
  return router;
};

const refuseOtherSites: RequestHandler = ({ headers }, _response, next) => {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") throw new Problem("cross-site");
  next();
};

const answer = (path: string, read: (request: Request) => Promise<object>): Router =>
  readOnly(path, async (request, response) => {
    const body = await read(request);
    response.set("Cache-Control", "no-store").json(body);
  });

const idOf = ({ id }: Request["params"]): string => {
  const parsed = z.uuid().safeParse(id);
  if (parsed.error) throw new Problem("not-found");
  return parsed.data;
};

/** Videos are played from memory where the browser cannot play them itself, which needs blob:. */
const policy = (storageOrigin: string | undefined) => {
  const storage = storageOrigin ? [storageOrigin] : [];
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", ...storage],
      mediaSrc: ["'self'", "blob:", ...storage],
      workerSrc: ["'self'", "blob:"],
      connectSrc: ["'self'", ...storage],
      frameSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  });
};
