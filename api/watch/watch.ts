import type { Request, RequestHandler } from "express";
import type { Tx } from "../../infra/database.ts";
import type { Jobs } from "../../workers/core/index.ts";

/** The live page, as the application sees it. It exists only where the sandbox is on. */
export interface Watch {
  /** Everything below /watch. */
  readonly router: RequestHandler;
  /** Runs before the routes of the application, for every request. */
  readonly around?: RequestHandler;
  /** For the routes of the application, instead of core's: the page shows at once what they commit. */
  readonly jobs: Jobs<Tx>;
  /** Milliseconds, if the page names a grace period of its own for the deletion of an account. @throws Problem */
  deletionGrace(request: Request): number | undefined;
  /** The paths that may be in the log. */
  readonly paths: readonly string[];
  /** Ends all streams, and refuses new ones. Reads nothing more. */
  close(): Promise<void>;
}
