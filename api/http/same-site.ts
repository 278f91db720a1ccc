import type { Request } from "express";
import { Problem } from "./problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses to change anything for a page of another site, whose requests carry our cookie. Browsers say where a request
 * comes from in Sec-Fetch-Site, old ones in Origin; programs say neither and have no cookie jar to abuse. A Bearer token
 * is never sent by itself. The same order of checks as Go's http.CrossOriginProtection.
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
