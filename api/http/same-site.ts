import type { Request } from "express";
import { Problem } from "./problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Protects against cross-site request forgery: rejects requests that change data and come from another site. Browsers
 * send Sec-Fetch-Site, older ones Origin. Other clients send neither and are not affected. Requests with a Bearer token
 * are safe, because browsers never attach it automatically. The checks are those of Go's http.CrossOriginProtection.
 */
export const createSameSite = (publicUrl: string) => {
  const ours = new URL(publicUrl).origin;
  return ({ method, headers }: Request): void => {
    if (SAFE.has(method) || headers.authorization !== undefined) return;
    const site = headers["sec-fetch-site"];
    if (site === "same-origin" || site === "none") return;
    if (site !== undefined || (headers.origin ?? ours) !== ours) throw new Problem("cross-site");
  };
};
