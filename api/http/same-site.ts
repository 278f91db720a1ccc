import type { Request } from "express";
import { Problem } from "./problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Protects against cross-site request forgery: rejects requests that change data and come from another site. Browsers
 * send Sec-Fetch-Site, older ones Origin. Clients that are not browsers send neither and are not affected. Requests with
 * a Bearer token are safe, because browsers never attach it automatically. Same checks as Go's http.CrossOriginProtection.
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
