import express, { type Request, type Response } from "express";
import { Problem } from "./problem.ts";

const LEVELS = 20;
/** Milliseconds to receive a body of at most 64 kB. The server's own timeout is sized for files. */
const BODY_TIMEOUT = 10_000;

/** Parses the JSON body of a request. @throws Problem, or an error that error-responses.ts converts to one */
export const readJson = async (request: Request, response: Response): Promise<unknown> => {
  const hasBody = request.headers["content-length"] !== "0" && request.is("*/*") !== null;
  if (hasBody && !request.is("application/json")) throw new Problem("unsupported-media-type");
  await new Promise<void>((resolve, reject) => {
    const timeout = setTimeout(() => {
      // The rest of the body must not be read as the next request.
      response.set("Connection", "close");
      reject(new Problem("request-timeout"));
    }, BODY_TIMEOUT);
    parse(request, response, (error?: unknown) => {
      clearTimeout(timeout);
      if (error) reject(error);
      else resolve();
    });
  });
  if (!isUsable(request.body, LEVELS)) throw new Problem("unusable-json");
  return request.body;
};

const parse = express.json({ limit: "64kb" });

/** `__proto__` is a plain key in JSON, but it changes the prototype of a JavaScript object. */
const isUsable = (value: unknown, levels: number): boolean => {
  if (typeof value === "string") return isStorable(value);
  if (typeof value !== "object" || value === null) return true;
  const isUsableEntry = ([key, entry]: [string, unknown]) =>
    key !== "__proto__" && isStorable(key) && isUsable(entry, levels - 1);
  return levels > 0 && Object.entries(value).every(isUsableEntry);
};

/** PostgreSQL accepts neither NUL nor a lone surrogate. */
const isStorable = (text: string) => !text.includes("\0") && text.isWellFormed();
