import type { RequestHandler, Response } from "express";

const PDF = /^\/v1\/reports\/[\da-f-]{36}\/pdf$/i;

/**
 * Lets pages of this server show a report in a frame, and runs `around` for every request. Also where the request
 * does not come from a frame: browsers keep a response with its headers, and use it for both.
 */
export const allowFrames =
  (around: RequestHandler): RequestHandler =>
  (request, response, next) => {
    if (PDF.test(request.path)) allow(response);
    return around(request, response, next);
  };

const allow = (response: Response): void => {
  const policy = String(response.getHeader("Content-Security-Policy"));
  response.set("Content-Security-Policy", policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'"));
};
