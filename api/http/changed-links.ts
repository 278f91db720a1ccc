import type { RequestHandler } from "express";
import { pageNames } from "./pages-folder.ts";

/**
 * Repairs a mailed link that a link protection has changed, by a redirect to the page. Some of them encode `#`, once or
 * twice, so that the token is in the path (/reset-password%23TOKEN), or append a slash. A browser keeps the fragment of
 * a URL when it follows a redirect without one. The page, not this response, is the one that a Referer could contain.
 */
export const repairLinks: RequestHandler = ({ method, path, originalUrl }, response, next) => {
  const [, page = "", token = ""] = CHANGED.exec(path) ?? [];
  if ((method !== "GET" && method !== "HEAD") || !pageNames.has(page)) return next();
  const query = /\?[^#]*/.exec(originalUrl)?.[0] ?? "";
  const Location = `/${page}${query}${token && `#${token}`}`;
  response.status(302).set({ Location, "Cache-Control": "no-store" }).end();
};

/** The name of a page, then a slash, or an encoded `#` with a token and what was appended to it. */
const CHANGED = /^\/([\w-]+)(?:\/|\/?%(?:25)*23([\w-]*).*)$/;
