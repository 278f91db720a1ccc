import { randomUUID } from "node:crypto";
import {
  createServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { bodyOf, Problem, type ProblemName, statusOf } from "./problem.ts";

/** Milliseconds for a whole request: two gigabytes at 5 Mbit/s. */
const REQUEST_TIMEOUT = 3_600_000;
/** Milliseconds without traffic after which a connection is closed while a request is running. */
const IDLE_TIMEOUT = 60_000;
/** Milliseconds between two searches for idle connections while the server closes. */
const CLOSE_INTERVAL = 100;

export interface ApiServer {
  readonly server: Server;
  /**
   * Accepts no more connections and closes each one after its request, idle ones at once. After `grace` milliseconds
   * it cuts the rest. Resolves when all are closed.
   */
  close(grace: number): Promise<void>;
}

/**
 * An HTTP server for an application. Requests that Node rejects itself get the same error format as all others. A
 * connection without a request is closed after `keepAlive` milliseconds, and Node's second for responses on their way.
 */
export const createApiServer = (app: RequestListener, log: Logger, keepAlive: number): ApiServer => {
  // The application checks Host and Expect itself, because Node would respond without a body.
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT, keepAliveTimeout: keepAlive, requireHostHeader: false },
    app,
  );
  server.setTimeout(IDLE_TIMEOUT);
  server.on("checkExpectation", app);

  const responses = new WeakMap<Duplex, ServerResponse>();
  const running = new Set<ServerResponse>();
  server.on("request", ({ socket }, response) => {
    responses.set(socket, response);
    running.add(response.on("close", () => running.delete(response)));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const reason = error.code ?? "";
    const pending = responses.get(socket);
    const isSending = pending?.headersSent && !pending.writableFinished;
    // The client has disconnected, or another response is being sent and this one would corrupt it.
    if (!socket.writable || isSending || !/^(HPE|ERR_HTTP)_/.test(reason)) return socket.destroy();
    const requestId = randomUUID();
    const problem = UNREADABLE[reason] ?? "bad-request";
    log.info({ requestId, reason, statusCode: statusOf(problem) }, "request rejected");
    socket.write(toHttp(new Problem(problem), requestId));
    return socket.end();
  });

  const close = async (grace: number) => {
    for (const response of running) response.shouldKeepAlive = false;
    // Node closes only those that are idle now. Others become idle if their headers have already said keep-alive.
    const closing = setInterval(() => server.closeIdleConnections(), CLOSE_INTERVAL);
    const end = setTimeout(() => server.closeAllConnections(), grace);
    await new Promise((resolve) => void server.close(resolve));
    clearInterval(closing);
    clearTimeout(end);
  };
  return { server, close };
};

const UNREADABLE: Record<string, ProblemName> = {
  ERR_HTTP_REQUEST_TIMEOUT: "request-timeout",
  HPE_HEADER_OVERFLOW: "headers-too-large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "body-too-large",
};

const toHttp = (problem: Problem, requestId: string): string => {
  const status = statusOf(problem.problem);
  const body = JSON.stringify(bodyOf(problem, requestId));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Date: ${new Date().toUTCString()}`,
    "Content-Type: application/problem+json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security: max-age=31536000; includeSubDomains",
    "X-Content-Type-Options: nosniff",
    `X-Request-Id: ${requestId}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
};
