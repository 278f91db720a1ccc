import type { RequestHandler } from "express";
import type { MeasureRequest } from "../../infra/metrics/requests.ts";

/** What Express has found, so that a client cannot choose the label. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Measures each request by the pattern of its route; those of no route, such as files of the pages, as `other`. */
export const measureRequests =
  (measure: MeasureRequest): RequestHandler =>
  (request, response, next) => {
    const began = performance.now();
    response.once("close", () => {
      // A stream takes as long as a page is open.
      if (response.getHeader("Content-Type")?.toString().startsWith("text/event-stream")) return;
      const route = (request.route as { path: unknown } | undefined)?.path;
      measure({
        method: METHODS.has(request.method) ? request.method : "other",
        route: typeof route === "string" ? `${request.baseUrl}${route}` : "other",
        // 499: the client has gone before the response, as in the logs of nginx.
        statusCode: response.writableFinished ? response.statusCode : 499,
        seconds: (performance.now() - began) / 1_000,
      });
    });
    next();
  };
