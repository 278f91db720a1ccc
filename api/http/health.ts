import { z } from "zod";
import type { AppDeps } from "../deps.ts";
import { route } from "./contract.ts";
import { Problem } from "./problem.ts";

const state = z.enum(["ok", "down"]);

/** `/healthz`: the process lives. `/readyz`: it may be sent requests. */
export const healthRoutes = ({ readiness }: Pick<AppDeps, "readiness">) => [
  route(
    {
      method: "get",
      path: "/healthz",
      summary: "Whether the process lives",
      access: "anyone",
      status: 200,
      answer: z.object({ status: z.literal("ok") }),
    },
    async () => ({ status: "ok" as const }),
  ),

  route(
    {
      method: "get",
      path: "/readyz",
      summary:
        "Whether requests may be sent: the database answers and has every migration. The broker may be down",
      access: "anyone",
      status: 200,
      answer: z.object({
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
