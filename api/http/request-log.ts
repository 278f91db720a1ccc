import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import { pinoHttp } from "pino-http";
import type { RequestHandler } from "express";
import { errorFacts } from "../../infra/logging.ts";
import { type Tracing, withOrigin } from "../../workers/core/index.ts";
import { inRequestSpan, isUntraced } from "./request-span.ts";

/**
 * Logs each request when its response has been sent. Of its path, only the parts of `paths` and ids. The jobs that a
 * request enqueues record its id and continue its trace.
 */
export const logRequests = (logger: Logger, paths: readonly string[], tracing?: Tracing): RequestHandler => {
  const filterPath = createPathFilter(paths);
  // Neither the query nor the headers are logged: either may contain a token.
  const requestLine = ({ id, method, url = "" }: { id: unknown; method: string; url?: string }) => ({
    id,
    method,
    path: filterPath(url),
  });
  const log = pinoHttp({
    logger,
    serializers: { req: requestLine, res: statusOnly, err: errorFacts },
    autoLogging: { ignore: isProbe },
    customProps: ({ traceId }: IncomingMessage, response) => ({
      ...auditFacts(response),
      ...(tracing && { traceId }),
    }),
  });
  return (request, response, next) => {
    const id = requestId(request, response);
    request.id = id;
    const pass = () => {
      log(request, response);
      withOrigin({ requestId: id, tracing }, next);
    };
    if (tracing && !isProbe(request) && !isUntraced(request))
      inRequestSpan(tracing, id, request, response, pass);
    else pass();
  };
};

/**
 * Returns the path of a URL up to the first part that is neither a part of `paths` nor an id. The rest becomes `…`:
 * clients choose it, so it may be a token, an address or a name. A link that was changed on its way has a token there.
 */
export const createPathFilter = (paths: readonly string[]) => {
  const words = new Set(paths.flatMap((path) => path.split("/")));
  return (url: string): string => {
    const parts = url.split("?", 1).flatMap((path) => path.split("/"));
    const unknown = parts.findIndex((part) => !words.has(part) && !UUID.test(part));
    return unknown === -1 ? parts.join("/") : [...parts.slice(0, unknown), "…"].join("/");
  };
};

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The client's, if it is one that a log line can contain, so that one id follows a request through all systems. */
const requestId = ({ headers }: IncomingMessage, response: ServerResponse): string => {
  const given = headers["x-request-id"];
  const id = typeof given === "string" && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
  response.setHeader("X-Request-Id", id);
  return id;
};

const FACTS: unique symbol = Symbol("audit facts");

/** Who sent a request, and why it was refused. */
interface AuditFacts {
  userId?: string;
  problem?: string;
}

/** Adds facts to the line that is logged for the response's request. */
export const noteForLog = (response: object, facts: AuditFacts): void =>
  void Object.assign(response, { [FACTS]: { ...auditFacts(response), ...facts } });

const auditFacts = (response: object & { [FACTS]?: AuditFacts }): AuditFacts => response[FACTS] ?? {};

const statusOnly = ({ statusCode }: { statusCode: number }) => ({ statusCode });
const isProbe = ({ url }: IncomingMessage) => url === "/healthz" || url === "/readyz";
