import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Router } from "express";
import helmet from "helmet";
import type { Route } from "./contract.ts";
import { refuseOtherMethods } from "./other-methods.ts";
import { describeApi } from "./openapi.ts";
import { staticFiles } from "./static-files.ts";

const pages = fileURLToPath(new URL("docs", import.meta.url));
const swaggerUi = dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));

/** Serves `/openapi.json` and Swagger UI at `/docs`. Everything is served from this host. */
export const docs = (routes: readonly Route[]): Router => {
  // Built at the first request, because it takes 0.1 s, which most processes need not spend.
  let document: object | undefined;
  const router = Router();
  router
    .route("/openapi.json")
    .get((_request, response) => void response.json((document ??= describeApi(routes))))
    .all(refuseOtherMethods(["get"]));
  return router.use(
    "/docs",
    // Swagger UI uses inline styles and data: images.
    helmet.contentSecurityPolicy({
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
    staticFiles(pages),
    staticFiles(swaggerUi, { index: false }),
  );
};
