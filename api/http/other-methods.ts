import type { RequestHandler } from "express";
import { Problem } from "./problem.ts";

/** Answers what a path does not take, and OPTIONS, with what it does take. */
export const refuseOtherMethods = (methods: readonly string[]): RequestHandler => {
  const allowed = [...methods, ...(methods.includes("get") ? ["head"] : []), "options"];
  const Allow = allowed.join(", ").toUpperCase();
  return (request, response) => {
    if (request.method !== "OPTIONS") throw new Problem("method-not-allowed", { headers: { Allow } });
    response.status(204).set({ Allow }).end();
  };
};
