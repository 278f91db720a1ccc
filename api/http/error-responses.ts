import { readFileSync } from "node:fs";
import type { ErrorRequestHandler, Request, RequestHandler } from "express";
import { z } from "zod";
import { isUnavailable } from "../../infra/database.ts";
import { StorageFullError, StorageUnavailableError } from "../../infra/storage/storage.ts";
import { noteForLog } from "./request-log.ts";
import { bodyOf, Problem, type ProblemName, statusOf, titleOf } from "./problem.ts";

/**
 * Converts every error into a response. Unknown errors are logged and returned as a 500 without details. A person who
 * opens an unknown address in a browser gets a page.
 */
export const sendErrors: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (response.headersSent) return next(error);
  const failure = toProblem(error);
  const { problem, headers } = failure;
  noteForLog(response, { problem });
  if (problem === "internal") request.log.error({ err: error }, titleOf(problem));
  if (problem === "unavailable") request.log.warn({ err: error }, titleOf(problem));
  // Caches may store a 404, a 405 or a 410 by default.
  response.status(statusOf(problem)).set({ "Cache-Control": "no-store", ...headers });
  if (problem === "not-found") response.vary("Accept");
  if (problem === "not-found" && isOpened(request)) response.type("html").send(notFoundPage);
  else response.type("application/problem+json").json(bodyOf(failure, request.id));
};

const notFoundPage = readFileSync(new URL("not-found.html", import.meta.url), "utf8");

/** Whether a browser opens the URL as a page. API clients accept JSON or everything, and a 404 is JSON for them. */
const isOpened = (request: Request) =>
  (request.method === "GET" || request.method === "HEAD") && request.accepts(["json", "html"]) === "html";

export const notFound: RequestHandler = () => {
  throw new Problem("not-found");
};

const toProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  if (error instanceof z.ZodError) return invalid(error);
  if (error instanceof StorageFullError) return new Problem("storage-full");
  if (isUnavailable(error) || error instanceof StorageUnavailableError)
    return new Problem("unavailable", { headers: { "Retry-After": "5" } });
  return new Problem(unreadable(error) ?? "internal");
};

const invalid = ({ issues }: z.ZodError) =>
  new Problem("invalid-request", {
    errors: issues.map(({ path, message }) => ({ field: path.join(".") || "(body)", message })),
  });

// Errors of Express's body parser, by their stable `type`.
const UNREADABLE: Record<string, ProblemName> = {
  "entity.parse.failed": "malformed-json",
  "entity.too.large": "body-too-large",
  "encoding.unsupported": "unsupported-media-type",
  "charset.unsupported": "unsupported-media-type",
};

const unreadable = (error: unknown): ProblemName | undefined => {
  if (error instanceof URIError) return "not-found";
  if (!(error instanceof Error) || !("status" in error) || !(Number(error.status) < 500)) return undefined;
  return UNREADABLE["type" in error ? String(error.type) : ""] ?? "bad-request";
};
