import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Express, type RequestHandler } from "express";
import helmet from "helmet";
import { pinoHttp } from "pino-http";
import { errorFacts } from "../infra/logging.ts";
import type { Storage } from "../infra/storage/storage.ts";
import { docs } from "./http/docs.ts";
import { sendErrors, notFound } from "./http/error-responses.ts";
import { pages } from "./http/pages-folder.ts";
import { Problem } from "./http/problem.ts";
import type { Readiness } from "./http/readiness.ts";
import type { AppDeps } from "./deps.ts";
import { createAuthentication } from "./accounts/authentication.ts";
import { createRoutes } from "./routes.ts";
import { serveRoutes } from "./http/router.ts";
import { takeSignedPuts } from "./uploads/signed-put.ts";
import { staticFiles } from "./http/static-files.ts";
import { warnOfUncountedProxy } from "./http/uncounted-proxy.ts";

/** Builds the HTTP application. Opens nothing, listens to nothing. */
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
    .use(warnOfUncountedProxy(deps.trustProxy))
    .use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: policy(deps.storage) } }))
    .use(endConnections(deps.readiness))
    .use(rejectMalformed)
    .use(takeSignedPuts(deps))
    .use(serveRoutes(routes, { ...deps, authenticate: createAuthentication(deps) }))
    .use(docs(routes))
    .use(staticFiles(pages))
    .use(notFound)
    .use(sendErrors);
};

const policy = ({ origin }: Storage) => ({
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  // Files may come from the storage, and go there.
  imgSrc: ["'self'", ...(origin ? [origin] : [])],
  mediaSrc: ["'self'", ...(origin ? [origin] : [])],
  connectSrc: ["'self'", ...(origin ? [origin] : [])],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
});

/** The caller's, if it is one that a log line can hold, so that one id follows a request through all systems. */
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

/** On the way out, every answer is its connection's last. */
const endConnections =
  (readiness: Readiness): RequestHandler =>
  (_request, response, next) => {
    if (readiness.closing) response.set("Connection", "close");
    next();
  };

/** What Node would refuse itself, if server.ts let it. */
const rejectMalformed: RequestHandler = ({ httpVersion, headers }, _response, next) => {
  if (httpVersion === "1.1" && headers.host === undefined)
    throw new Problem("bad-request", { detail: "HTTP/1.1 asks for a Host header." });
  if (httpVersion === "1.1" && headers.expect && !/\b100-continue\b/i.test(headers.expect))
    throw new Problem("expectation-failed");
  next();
};
