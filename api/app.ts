import { fileURLToPath } from "node:url";
import express, { type Express } from "express";
import helmet from "helmet";
import type { Logger } from "pino";
import { pinoHttp } from "pino-http";
import type { Database, Tx } from "../infra/database.ts";
import type { Jobs } from "../workers/core/jobs.ts";
import { answerErrors, notFound, requireJson } from "./problem.ts";
import { healthRoutes } from "./routes/health.ts";
import { signupRoutes } from "./routes/signup.ts";
import { verifyEmailRoutes } from "./routes/verify-email.ts";

/** What the routes use. */
export interface AppDeps {
  prisma: Database["prisma"];
  ping: Database["ping"];
  jobs: Jobs<Tx>;
  appSecret: string;
  /** Number of proxies in front, for the client's address. */
  trustProxy: number;
  log: Logger;
}

const pages = fileURLToPath(new URL("public", import.meta.url));

/** Builds the HTTP application. Opens nothing, listens to nothing. */
export const createApp = (deps: AppDeps): Express =>
  express()
    .set("trust proxy", deps.trustProxy)
    .disable("x-powered-by")
    .use(
      pinoHttp({
        logger: deps.log,
        serializers: { req: requestLine, res: statusOnly },
        autoLogging: { ignore: isProbe },
      }),
    )
    .use(helmet())
    .use(healthRoutes(deps))
    .use(express.static(pages, { extensions: ["html"] }))
    .use("/v1", requireJson, express.json({ limit: "16kb" }))
    .use(signupRoutes(deps))
    .use(verifyEmailRoutes(deps))
    .use(notFound)
    .use(answerErrors);

// Neither the query nor the headers are logged: either may carry a token.
const requestLine = ({ id, method, url = "" }: { id: unknown; method: string; url?: string }) => ({
  id,
  method,
  path: url.split("?")[0],
});
const statusOnly = ({ statusCode }: { statusCode: number }) => ({ statusCode });
const isProbe = ({ url }: { url?: string }) => url === "/healthz" || url === "/readyz";
