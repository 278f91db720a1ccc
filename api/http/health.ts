import { z } from "zod";
import type { AppDeps } from "../deps.ts";
import { route } from "./contract.ts";
import { Problem } from "./problem.ts";

const state = z.enum(["ok", "down"]);

/** `/healthz`: the process is alive. `/readyz`: the process can serve requests. */
export const healthRoutes = ({ readiness }: Pick<AppDeps, "readiness">) => [
  route(
    {
      method: "get",
      path: "/healthz",
      summary: "Check that the process is alive",
      access: "anyone",
      status: 200,
      response: z.object({ status: z.literal("ok") }),
    },
    async () => ({ status: "ok" as const }),
  ),

  route(
    {
      method: "get",
      path: "/readyz",
      summary: "Check that the process can serve requests; the broker may be down",
      access: "anyone",
      status: 200,
      response: z.object({
        status: z.literal("ready"),
        checks: z.object({ database: state, migrations: state, broker: state }),
      }),
    },
    async () => {
      const { ready, checks } = await readiness.check();
      if (ready) return { status: "ready" as const, checks };
      const states = { ...checks, ...(readiness.closing && { process: "closing" }) };
      const errors = Object.entries(states).map(([field, message]) => ({ field, message }));
      throw new Problem("unavailable", { errors, headers: { "Retry-After": "5" } });
    },
  ),
];
