import type { RequestHandler } from "express";
import { Problem } from "./problem.ts";

/** Responds to OPTIONS and to unsupported methods with the allowed methods. */
export const refuseOtherMethods = (methods: readonly string[]): RequestHandler => {
  const allowed = [...methods, ...(methods.includes("get") ? ["head"] : []), "options"];
  const Allow = allowed.join(", ").toUpperCase();
  return (request, response) => {
    if (request.method !== "OPTIONS") throw new Problem("method-not-allowed", { headers: { Allow } });
    response.status(204).set({ Allow }).end();
  };
};
