import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Express, type RequestHandler } from "express";
import helmet from "helmet";
import type { Logger } from "pino";
import { pinoHttp } from "pino-http";
import type { Database, Tx } from "../infra/database.ts";
import { errorFacts } from "../infra/logging.ts";
import type { Storage } from "../infra/storage/storage.ts";
import type { Throttle } from "../infra/throttle.ts";
import type { Jobs } from "../workers/core/index.ts";
import { docs } from "./http/docs.ts";
import { sendErrors, notFound } from "./http/error-responses.ts";
import { pages } from "./http/pages-folder.ts";
import { Problem } from "./http/problem.ts";
import type { Readiness } from "./http/readiness.ts";
import { createRoutes } from "./routes.ts";
import { serve } from "./http/router.ts";
import { takeSignedPuts } from "./uploads/signed-put.ts";
import { staticFiles } from "./http/static-files.ts";
import type { UploadWork } from "./uploads/work.ts";

/** The dependencies of the routes. */
export interface AppDeps {
  prisma: Database["prisma"];
  jobs: Jobs<Tx>;
  throttle: Throttle;
  storage: Storage;
  uploadWork: UploadWork;
  readiness: Readiness;
  appSecret: string;
  /** The public URL of the API. Browsers may send requests that change data only from this origin. */
  publicUrl: string;
  /** Number of trusted proxies in front of the API: needed to find the client's address. */
  trustProxy: number;
  log: Logger;
}

/** Builds the HTTP application. It opens no connection and does not listen. */
export const createApp = (deps: AppDeps): Express => {
  const routes = createRoutes(deps);
  return express()
    .set("trust proxy", deps.trustProxy)
    .disable("x-powered-by")
    .use(
      pinoHttp({
        logger: deps.log,
        genReqId: requestId,
        serializers: { req: requestLine, res: statusOnly, err: errorFacts },
        autoLogging: { ignore: isProbe },
      }),
    )
    .use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: policy(deps.storage) } }))
    .use(endConnections(deps.readiness))
    .use(rejectMalformed)
    .use(takeSignedPuts(deps))
    .use(serve(routes, deps))
    .use(docs(routes))
    .use(staticFiles(pages))
    .use(notFound)
    .use(sendErrors);
};

const policy = ({ origin }: Storage) => ({
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  // Browsers load files from the storage and upload files to it.
  imgSrc: ["'self'", ...(origin ? [origin] : [])],
  mediaSrc: ["'self'", ...(origin ? [origin] : [])],
  connectSrc: ["'self'", ...(origin ? [origin] : [])],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
});

/** Keeps the caller's X-Request-Id if it is safe to log, so that one id identifies a request in every system. */
const requestId = ({ headers }: IncomingMessage, response: ServerResponse): string => {
  const given = headers["x-request-id"];
  const id = typeof given === "string" && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
  response.setHeader("X-Request-Id", id);
  return id;
};

// Neither the query nor the headers are logged: either may carry a token.
const requestLine = ({ id, method, url = "" }: { id: unknown; method: string; url?: string }) => ({
  id,
  method,
  path: url.split("?")[0],
});
const statusOnly = ({ statusCode }: { statusCode: number }) => ({ statusCode });
const isProbe = ({ url }: IncomingMessage) => url === "/healthz" || url === "/readyz";

/** During shutdown, every response closes its connection. */
const endConnections =
  (readiness: Readiness): RequestHandler =>
  (_request, response, next) => {
    if (readiness.closing) response.set("Connection", "close");
    next();
  };

/** Checks that server.ts disables in Node, whose own responses have no body. */
const rejectMalformed: RequestHandler = ({ httpVersion, headers }, _response, next) => {
  if (httpVersion === "1.1" && headers.host === undefined)
    throw new Problem("bad-request", { detail: "HTTP/1.1 requires a Host header." });
  if (httpVersion === "1.1" && headers.expect && !/\b100-continue\b/i.test(headers.expect))
    throw new Problem("expectation-failed");
  next();
};
