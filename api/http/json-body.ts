import express, { type Request, type Response } from "express";
import { Problem } from "./problem.ts";

const LEVELS = 20;
/** Milliseconds for a body of at most 16 kB. The server's own limit is meant for files. */
const BODY_TIMEOUT = 10_000;

/** Resolves with the JSON of a request's body, whatever it holds. @throws Problem, or what errors.ts makes one of */
export const readJson = async (request: Request, response: Response): Promise<unknown> => {
  const hasBody = request.headers["content-length"] !== "0" && request.is("*/*") !== null;
  if (hasBody && !request.is("application/json")) throw new Problem("unsupported-media-type");
  await new Promise<void>((resolve, reject) => {
    const patience = setTimeout(() => {
      // What is still to come belongs to no other request.
      response.set("Connection", "close");
      reject(new Problem("request-timeout"));
    }, BODY_TIMEOUT);
    parse(request, response, (error?: unknown) => {
      clearTimeout(patience);
      if (error) reject(error);
      else resolve();
    });
  });
  if (!isUsable(request.body, LEVELS)) throw new Problem("unusable-json");
  return request.body;
};

const parse = express.json({ limit: "16kb" });

/** `__proto__` means more to JavaScript than to JSON. */
const isUsable = (value: unknown, levels: number): boolean => {
  if (typeof value === "string") return isStorable(value);
  if (typeof value !== "object" || value === null) return true;
  const isUsableEntry = ([key, entry]: [string, unknown]) =>
    key !== "__proto__" && isStorable(key) && isUsable(entry, levels - 1);
  return levels > 0 && Object.entries(value).every(isUsableEntry);
};

/** PostgreSQL takes neither NUL nor half a surrogate pair. */
const isStorable = (text: string) => !text.includes("\0") && text.isWellFormed();
