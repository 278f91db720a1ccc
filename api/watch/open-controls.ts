import type { RequestHandler, Router } from "express";
import type { Tx } from "../../infra/database.ts";
import { emptyBroker } from "../../infra/empty-broker.ts";
import { orderKill } from "../../infra/kill-orders.ts";
import { dieAsOrdered } from "../../infra/ordered-death.ts";
import type { Jobs, Sql } from "../../workers/core/index.ts";
import { type Breaks, createBreaks } from "./breaks.ts";
import { controlPaths, createControls } from "./controls.ts";
import { createDemos, type SignUp } from "./demos.ts";
import { startHealing } from "./healing.ts";
import { createLoads } from "./loads.ts";
import { followRequests } from "./request-jobs.ts";
import type { Safety } from "./safety.ts";
import { createSandboxClient } from "./sandbox-client.ts";

interface ControlsOptions {
  readonly sql: Sql;
  readonly jobs: Jobs<Tx>;
  readonly queueUrl: string;
  readonly queuePrefix: string;
  readonly safety: Safety;
  readonly sandboxUrl: string;
  /** The names of all queues. */
  readonly queues: readonly string[];
  /** The name of this process, as the stream has it. */
  readonly server: string;
  readonly signUp: SignUp;
  /** How many browsers watch this process. */
  viewers(): number;
  /** For what fails outside a request. */
  onError(error: Error): void;
  /** Kills this process. Default: with SIGKILL. */
  die?: (() => Promise<never>) | undefined;
}

interface OpenControls {
  /** Everything below /watch/control. */
  readonly router: Router;
  /** Must run before the routes of the application. */
  readonly around: RequestHandler;
  /** For the routes of the application. */
  readonly jobs: Jobs<Tx>;
  /** The paths that may be in the log. */
  readonly paths: readonly string[];
  /** What is broken on purpose, as known now. */
  breaks(): Breaks;
  close(): Promise<void>;
}

/** The controls of the live page, and what they need. */
export const openControls = (options: ControlsOptions): OpenControls => {
  const { sql, safety, sandboxUrl, queueUrl, queuePrefix, onError, die = dieAsOrdered } = options;
  const sandbox = createSandboxClient(sandboxUrl);
  const loads = createLoads(sql, onError);
  const breaks = createBreaks({
    ...options,
    sandbox,
    loads,
    emptyBroker: () => emptyBroker(queueUrl, queuePrefix),
  });
  const { around, jobs } = followRequests({ jobs: options.jobs, safety, die });
  const healing = startHealing({
    ...options,
    adopt: breaks.adopt,
    isBroken: breaks.hasBroken,
    repair: breaks.reset,
  });
  const demos = createDemos(options);
  const killWorker = (id: string) => orderKill(sql, id);
  return {
    router: createControls({ ...options, breaks, demos, loads, sandbox, killWorker, die }),
    around,
    jobs,
    paths: controlPaths,
    breaks: breaks.current,
    close: () => {
      healing.close();
      return loads.close();
    },
  };
};
