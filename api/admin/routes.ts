import type { AppDeps } from "../deps.ts";
import { actionRoutes } from "./actions.ts";
import { changeRoutes } from "./changes.ts";
import { failureRoutes } from "./failures.ts";
import { jobRoutes } from "./jobs.ts";
import { queueRoutes } from "./queues.ts";
import { reauthenticationRoutes } from "./reauthentication.ts";
import { replayRoutes } from "./replays.ts";

/** What administrators see of the ledger, and do about it. Every change is recorded in its own transaction. */
export const adminRoutes = (deps: AppDeps) => [
  ...reauthenticationRoutes(deps),
  ...failureRoutes(deps),
  ...jobRoutes(deps),
  ...changeRoutes(deps),
  ...replayRoutes(deps),
  ...queueRoutes(deps),
  ...actionRoutes(deps),
];
