import type { IncomingHttpHeaders } from "node:http";
import { Problem } from "../http/problem.ts";
import { isThisMachine } from "../../infra/smtp-url.ts";

interface Caller {
  readonly headers: IncomingHttpHeaders;
}

/** Milliseconds between two acts that break something. */
const BREAK_INTERVAL = 1_000;

/** The checks of the live page's requests. They protect a developer's machine from pages of other sites. */
export interface Safety {
  /**
   * The Host must be that of PUBLIC_URL, or a name of this machine. With DNS rebinding, a foreign page reaches this
   * server under its own name, and the browser regards its requests as same-origin.
   * @throws Problem
   */
  requireOwnHost(request: Caller): void;
  /**
   * In addition, the browser must say that a page of this server sends the request. Old browsers, other programs and
   * plain HTTP beyond this machine do not say it, and are refused.
   * @throws Problem
   */
  requireOwnPage(request: Caller): void;
  /**
   * In addition, the header `X-Watch: 1`, which a page can set only with a script. For everything that changes
   * something, or shows a mail.
   * @throws Problem
   */
  requireOwnScript(request: Caller): void;
  /**
   * Counts an act that breaks something: one per second and process.
   * @throws Problem
   */
  takeTurn(): void;
}

/** `now` is in milliseconds, on a clock that never goes back. */
export const createSafety = (publicUrl: string, now = () => performance.now()): Safety => {
  const { hostname: own } = new URL(publicUrl);
  let nextTurn = -Infinity;

  const requireOwnHost: Safety["requireOwnHost"] = ({ headers: { host = "" } }) => {
    const named = URL.parse(`http://${host}`)?.hostname ?? "";
    if (named !== own && !isThisMachine(named))
      throw new Problem("forbidden-host", { detail: `Open it at ${publicUrl}, localhost or 127.0.0.1.` });
  };
  const requireOwnPage: Safety["requireOwnPage"] = (request) => {
    requireOwnHost(request);
    if (request.headers["sec-fetch-site"] !== "same-origin")
      throw new Problem("cross-site", { detail: "Only the live page may do this." });
  };
  return {
    requireOwnHost,
    requireOwnPage,
    requireOwnScript: (request) => {
      requireOwnPage(request);
      if (request.headers["x-watch"] !== "1")
        throw new Problem("cross-site", { detail: "The header X-Watch: 1 is missing." });
    },
    takeTurn: () => {
      const at = now();
      if (at < nextTurn) {
        const detail = "The live page may break one thing per second.";
        throw new Problem("too-many-requests", { detail, headers: { "Retry-After": "1" } });
      }
      nextTurn = at + BREAK_INTERVAL;
    },
  };
};
