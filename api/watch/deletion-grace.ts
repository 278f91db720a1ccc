import type { Request } from "express";
import { z } from "zod";
import { invalidField } from "../http/problem.ts";
import type { Safety } from "./safety.ts";

const HEADER = "X-Watch-Grace";

/** Seconds. Shorter ones would be over before a visitor has logged in. */
const seconds = z.coerce.number().int().min(5).max(3_600);

/**
 * The grace period that the live page names for the deletion of an account, in milliseconds; undefined if it names
 * none. A week would be too long to watch.
 * @throws Problem if another page sends it, or it is no number of seconds
 */
export const readDeletionGrace = (safety: Safety, request: Request): number | undefined => {
  const named = request.get(HEADER);
  if (named === undefined) return undefined;
  safety.requireOwnScript(request);
  const { data } = seconds.safeParse(named);
  if (data === undefined) throw invalidField(HEADER, "Enter 5 to 3600 seconds.");
  return data * 1_000;
};
