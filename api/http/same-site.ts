import type { Request } from "express";
import { Problem } from "./problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses changes requested by a page of another site, because such requests may carry our cookie. Browsers report the
 * source of a request in Sec-Fetch-Site; old ones, and all of them over plain HTTP outside loopback, only in Origin.
 * Other programs send neither and have no cookie jar to abuse. Browsers never send a Bearer token on their own. The
 * order of the checks is that of Go's http.CrossOriginProtection.
 *
 * An Origin is ours if it is PUBLIC_URL, or names the host of the request's own Host header: the API may be reached at
 * other hosts, such as localhost. A page cannot set either header. With DNS rebinding a foreign name may pass, but the
 * browser sends no cookie to it, because cookies are bound to the host that set them. Other schemes than that of
 * PUBLIC_URL are refused: http://app.example.com may be forged on the network even if https://app.example.com is not.
 *
 * Not for routes that only a token in the URL authorizes: `fromAnySite` in contract.ts, and signed PUTs.
 */
export const createSameSite = (publicUrl: string) => {
  const { origin: ours, protocol } = new URL(publicUrl);
  return ({ method, headers }: Request): void => {
    if (SAFE.has(method) || headers.authorization !== undefined) return;
    const site = headers["sec-fetch-site"];
    if (site === "same-origin" || site === "none") return;
    const { origin = ours, host } = headers;
    if (site !== undefined || ![ours, `${protocol}//${host}`].includes(origin))
      throw new Problem("cross-site");
  };
};
