import type { Request, Response } from "express";
import { traceIdOf, type Tracing } from "../../workers/core/index.ts";

declare module "http" {
  interface IncomingMessage {
    /** The trace of the request, if it is traced. */
    traceId?: string;
  }
}

/** Streams of events: their spans would last for hours. EventSource sends this header. */
export const isUntraced = ({ headers }: Request): boolean => headers.accept === "text/event-stream";

/**
 * Calls `pass` in the span of a request, which ends with its response and is named after the route. It begins a trace,
 * linked to the client's if the request names one: clients decide neither what is recorded nor which trace it joins.
 */
export const inRequestSpan = (
  tracing: Tracing,
  requestId: string,
  request: Request,
  response: Response,
  pass: () => void,
): void => {
  const { method } = request;
  const { traceparent } = request.headers;
  const options = {
    kind: "server" as const,
    parent: null,
    links: typeof traceparent === "string" ? [traceparent] : [],
    attributes: { "http.request.method": method, "offstage.request.id": requestId },
  };
  // It never rejects: Express takes what `pass` throws.
  void tracing.during(method, options, async (span) => {
    request.traceId = traceIdOf(span.traceparent);
    const closed = new Promise((resolve) => response.once("close", resolve));
    pass();
    await closed;
    const route = routeOf(request);
    const { statusCode } = response;
    span.set(
      { "http.response.status_code": statusCode, ...(route !== undefined && { "http.route": route }) },
      route === undefined ? method : `${method} ${route}`,
    );
    // Without a complete response, the client has closed the connection.
    if (statusCode >= 500) span.fail(String(statusCode));
    else if (!response.writableFinished) span.set({ "error.type": "aborted" });
  });
};

/** The pattern, which contains no data. Undefined for files and unknown paths. */
const routeOf = ({ route }: Request): string | undefined => {
  const { path } = (route ?? {}) as { path?: unknown };
  return typeof path === "string" ? path : undefined;
};
