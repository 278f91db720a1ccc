import { readdirSync } from "node:fs";
import express, { type Express, type RequestHandler } from "express";
import helmet from "helmet";
import { PUT_PATH } from "../infra/storage/signature.ts";
import type { Storage } from "../infra/storage/storage.ts";
import { repairLinks } from "./http/changed-links.ts";
import type { Route } from "./http/contract.ts";
import { docs } from "./http/docs.ts";
import { sendErrors, notFound } from "./http/error-responses.ts";
import { measureRequests } from "./http/measure-requests.ts";
import { pageNames, pages } from "./http/pages-folder.ts";
import { Problem } from "./http/problem.ts";
import type { Readiness } from "./http/readiness.ts";
import { logRequests } from "./http/request-log.ts";
import type { AppDeps } from "./deps.ts";
import { adminPages, adminPaths } from "./admin/pages.ts";
import { createAuthentication } from "./accounts/authentication.ts";
import { createRoutes } from "./routes.ts";
import { serveRoutes } from "./http/router.ts";
import { takeSignedPuts } from "./uploads/signed-put.ts";
import { staticFiles } from "./http/static-files.ts";
import { warnOfUncountedProxy } from "./http/uncounted-proxy.ts";

/** Builds the HTTP application. Opens nothing, listens to nothing. */
export const createApp = (deps: AppDeps): Express => {
  const { watch } = deps;
  const routes = createRoutes(deps);
  return express()
    .set("trust proxy", deps.trustProxy)
    .disable("x-powered-by")
    .use(logRequests(deps.log, [...loggedPaths(routes), ...(watch?.paths ?? [])], deps.tracing))
    .use(deps.measure ? measureRequests(deps.measure) : passOn)
    .use(warnOfUncountedProxy(deps.trustProxy))
    .use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: policy(deps.storage) } }))
    .use(endConnections(deps.readiness))
    .use(rejectMalformed)
    .use(watch?.around ?? passOn)
    .use(takeSignedPuts(deps))
    .use(serveRoutes(routes, { ...deps, authenticate: createAuthentication(deps) }))
    .use(docs(routes))
    .use("/watch", watch?.router ?? passOn)
    .use("/admin", adminPages(deps, createAuthentication(deps)))
    .use(repairLinks)
    .use(staticFiles(pages))
    .use(notFound)
    .use(sendErrors);
};

/** The paths that may be in the log. Not the names of published files, which a client can choose. */
const loggedPaths = (routes: readonly Route[]) => [
  ...routes.map(({ contract }) => contract.path),
  `${PUT_PATH}uploads/source`,
  "/openapi.json",
  "/docs",
  ...adminPaths,
  ...readdirSync(pages),
  ...pageNames,
];

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

const passOn: RequestHandler = (_request, _response, next) => next();

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
