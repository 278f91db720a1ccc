import type { RequestHandler } from "express";

/**
 * Warns once when a request has passed a proxy although TRUST_PROXY is 0: all clients behind that proxy then share its
 * rate limits. A client can send these headers too, so this is a warning and not more.
 */
export const warnOfUncountedProxy = (trustProxy: number): RequestHandler => {
  let isDone = trustProxy > 0;
  return (request, _response, next) => {
    const { "x-forwarded-for": address, forwarded } = request.headers;
    if (!isDone && (address ?? forwarded) !== undefined) {
      isDone = true;
      request.log.warn({}, WARNING);
    }
    next();
  };
};

const WARNING =
  "a request came through a proxy, but TRUST_PROXY is 0: all clients behind the proxy share its rate limits. " +
  "Set TRUST_PROXY to the number of proxies in front of the API";
