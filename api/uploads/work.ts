import type { Tx } from "../../infra/database.ts";
import type { Jobs } from "../../workers/core/index.ts";
import { imageResize } from "../../workers/image-resize/job.ts";
import type { UploadKind } from "../../prisma/client/enums.ts";
type Scope = Parameters<Parameters<Jobs<Tx>["transaction"]>[0]>[0];

/** What is done with one kind of upload. */
interface Work {
  /** Enqueues it, in the transaction that completes the upload. */
  start(scope: Scope, uploadId: string): Promise<unknown>;
  /** How many jobs it takes, where some are enqueued later. */
  steps?: number;
  /** What this machine lacks for it, in a sentence for its operator; undefined if nothing. */
  missing?(): Promise<string | undefined>;
}

/** Kinds that are not listed are not supported. */
export type UploadWork = Partial<Record<UploadKind, Work>>;

export const uploadWork: UploadWork = {
  IMAGE: { start: ({ enqueue }, uploadId) => enqueue(imageResize, { uploadId }) },
};
