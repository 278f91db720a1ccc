import { Router } from "express";
import type { AppDeps } from "../app.ts";

/** `/healthz`: the process lives. `/readyz`: it can reach what a request needs, which is PostgreSQL alone. */
export const healthRoutes = ({ ping }: AppDeps): Router =>
  Router()
    .get("/healthz", (_request, response) => void response.json({ status: "ok" }))
    .get("/readyz", async (_request, response) => {
      await ping();
      response.json({ status: "ready" });
    });
