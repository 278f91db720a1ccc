import express, { type Request, type Response } from "express";
import { Problem } from "./problem.ts";

/** Resolves with the JSON of a request's body, whatever it holds. @throws Problem, or what errors.ts makes one of */
export const readJson = async (request: Request, response: Response): Promise<unknown> => {
  const hasBody = request.headers["content-length"] !== "0" && request.is("*/*") !== null;
  if (hasBody && !request.is("application/json")) throw new Problem("unsupported-media-type");
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error?: unknown) => (error ? reject(error) : resolve()));
  });
  return request.body;
};

/** PostgreSQL stores neither NUL nor half a surrogate pair, and `__proto__` means more to JavaScript than to JSON. */
const refuseUnusable = (key: string, value: unknown): unknown => {
  if (key === "__proto__" || !isStorable(key) || (typeof value === "string" && !isStorable(value)))
    throw Object.assign(new Error("unusable text"), { type: "unusable-text" });
  return value;
};

const isStorable = (text: string) => !text.includes("\0") && text.isWellFormed();

const parse = express.json({ limit: "16kb", reviver: refuseUnusable });
