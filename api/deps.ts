import type { Logger } from "pino";
import type { Database, Tx } from "../infra/database.ts";
import type { MeasureRequest } from "../infra/metrics/requests.ts";
import type { Storage } from "../infra/storage/storage.ts";
import type { Throttle } from "../infra/throttle.ts";
import type { Jobs, Tracing } from "../workers/core/index.ts";
import type { Board } from "./admin/board.ts";
import type { Readiness } from "./http/readiness.ts";
import type { Streams } from "./notifications/streams.ts";
import type { UploadWork } from "./uploads/work.ts";
import type { Watch } from "./watch/watch.ts";

/** What the application and its routes use. */
export interface AppDeps {
  prisma: Database["prisma"];
  jobs: Jobs<Tx>;
  throttle: Throttle;
  storage: Storage;
  uploadWork: UploadWork;
  streams: Streams;
  readiness: Readiness;
  appSecret: string;
  /** Milliseconds between the request to delete an account and its deletion. */
  accountDeletionGrace: number;
  /** Where users reach the application. */
  publicUrl: string;
  /** Number of proxies in front, for the client's address. */
  trustProxy: number;
  /** The broker's own page in the admin. */
  board?: Board | undefined;
  /** The live page. Only where the sandbox is on. */
  watch?: Watch | undefined;
  /** Receives each request, where METRICS_PORT is set. */
  measure?: MeasureRequest | undefined;
  /** Absent: nothing is traced. */
  tracing?: Tracing | undefined;
  log: Logger;
}
