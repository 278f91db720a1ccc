import type { Request } from "express";
import { Problem } from "./problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses requests with side effects from pages of other sites, because they carry our cookie. Browsers state where a
 * request comes from in Sec-Fetch-Site, old browsers in Origin; other programs state neither and have no cookies to abuse.
 * A Bearer token is never sent automatically. Our own origins are that of `publicUrl`, and the host that the request was
 * sent to: the same page under another name, such as localhost. The checks are those of Go's http.CrossOriginProtection.
 */
export const createSameSite = (publicUrl: string) => {
  const ours = new URL(publicUrl).origin;
  return ({ method, headers }: Request): void => {
    if (SAFE.has(method) || headers.authorization !== undefined) return;
    const site = headers["sec-fetch-site"];
    if (site === "same-origin" || site === "none") return;
    const { origin = ours, host } = headers;
    if (site !== undefined || (origin !== ours && hostOf(origin) !== host)) throw new Problem("cross-site");
  };
};

const hostOf = (origin: string): string | undefined => URL.parse(origin)?.host;
