import type { Tx } from "../../infra/database.ts";
import type { Jobs } from "../../workers/core/index.ts";
import { imageResize } from "../../workers/image-resize/job.ts";
import type { UploadKind } from "../../prisma/client/enums.ts";
type Scope = Parameters<Parameters<Jobs<Tx>["transaction"]>[0]>[0];

/** How uploads of one kind are processed. */
interface Work {
  /** Enqueues the first jobs, in the transaction that completes the upload. */
  start(scope: Scope, uploadId: string): Promise<unknown>;
  /** The total number of jobs, if some are enqueued later. */
  steps?: number;
  /** What this system lacks to process the kind, for the operator; undefined if nothing is missing. */
  missing?(): Promise<string | undefined>;
}

/** Kinds that are not listed are rejected. */
export type UploadWork = Partial<Record<UploadKind, Work>>;

export const uploadWork: UploadWork = {
  IMAGE: { start: ({ enqueue }, uploadId) => enqueue(imageResize, { uploadId }) },
};
