import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Request, type RequestHandler, Router } from "express";
import type { AppDeps } from "../deps.ts";
import type { Session } from "../http/contract.ts";
import { brokerBoard } from "./broker-board.ts";
import { Problem } from "../http/problem.ts";
import { staticFiles } from "../http/static-files.ts";

const folder = fileURLToPath(new URL("public", import.meta.url));

/** The paths that may be in the log. */
export const adminPaths: readonly string[] = [
  "/admin/queues",
  ...readdirSync(folder).flatMap((name) => [`/admin/${name}`, `/admin/${name.replace(/\.html$/, "")}`]),
];

/** Everything below /admin. For others than administrators it is not there; visitors are asked to log in. */
type Authenticate = (request: Request) => Promise<Session>;

export const adminPages = (
  deps: Pick<AppDeps, "prisma" | "publicUrl" | "board">,
  authenticate: Authenticate,
): Router =>
  Router({ caseSensitive: true })
    .use(onlyAdministrators(authenticate))
    .use("/queues", brokerBoard(deps))
    .get("/", (_request, response) => response.sendFile("index.html", { root: folder }))
    .use((_request, response, next) => {
      response.set("Cache-Control", "no-cache");
      next();
    })
    .use(staticFiles(folder, { index: false }));

const onlyAdministrators =
  (authenticate: Authenticate): RequestHandler =>
  async (request, response, next) => {
    const session = await authenticate(request).catch((error: unknown) => {
      if (error instanceof Problem && error.problem === "unauthenticated") return undefined;
      throw error;
    });
    const isPage = request.method === "GET" && request.accepts(["json", "html"]) === "html";
    if (!session && isPage) return response.redirect(303, "/login?next=admin");
    if (session?.role !== "ADMIN") throw new Problem("not-found");
    response.locals["session"] = session;
    next();
  };
