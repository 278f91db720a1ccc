import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import { z } from "zod";
import { isUnavailable } from "../infra/database.ts";

/** An answer that is not a success, in the form of RFC 9457. `type` is stable: clients decide by it. */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly detail: object;

  constructor(status: number, type: string, title: string, detail: object = {}) {
    super(title);
    this.status = status;
    this.type = `/problems/${type}`;
    this.detail = detail;
  }
}

const send = (response: Response, { status, type, message, detail }: Problem): void => {
  response
    .status(status)
    .type("application/problem+json")
    .json({ type, title: message, status, ...detail });
};

const invalid = (error: z.ZodError): Problem =>
  new Problem(422, "invalid-request", "Some fields are missing or wrong.", {
    errors: error.issues.map(({ path, message }) => ({ field: path.join(".") || "(body)", message })),
  });

// What Express's body parser reports, by its stable `type`.
const UNREADABLE: Record<string, Problem> = {
  "entity.parse.failed": new Problem(400, "malformed-json", "The body is not valid JSON."),
  "entity.too.large": new Problem(413, "body-too-large", "The body is too large."),
  "encoding.unsupported": new Problem(415, "unsupported-media-type", "The body's encoding is not supported."),
  "charset.unsupported": new Problem(
    415,
    "unsupported-media-type",
    "The body's character set is not supported.",
  ),
};

const toProblem = (error: unknown): Problem | undefined => {
  if (error instanceof Problem) return error;
  if (error instanceof z.ZodError) return invalid(error);
  if (isUnavailable(error))
    return new Problem(503, "unavailable", "Not available right now. Please try again.");
  if (error instanceof Error && "type" in error && "status" in error)
    return (
      UNREADABLE[String(error.type)] ?? new Problem(400, "bad-request", "The request could not be read.")
    );
  return undefined;
};

/** The one place where errors become answers. What it does not know is logged and answered as a plain 500. */
export const answerErrors: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (response.headersSent) return next(error);
  const problem = toProblem(error) ?? new Problem(500, "internal", "Something went wrong on our side.");
  if (problem.status >= 500)
    request.log[problem.status === 503 ? "warn" : "error"]({ err: error }, problem.message);
  if (problem.status === 503) response.set("Retry-After", "5");
  send(response, problem);
};

export const notFound: RequestHandler = () => {
  throw new Problem(404, "not-found", "There is nothing here.");
};

/** Lets only JSON bodies through, so that a wrong content type is named as such. */
export const requireJson: RequestHandler = (request, _response, next) => {
  const hasBody = request.headers["content-length"] !== "0" && request.is("*/*") !== null;
  if (hasBody && !request.is("application/json"))
    throw new Problem(415, "unsupported-media-type", "Send JSON, with the content type application/json.");
  next();
};
