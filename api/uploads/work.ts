import { createRequire } from "node:module";
import type { Tx } from "../../infra/database.ts";
import type { Jobs } from "../../workers/core/index.ts";
import { imageResize } from "../../workers/image-resize/job.ts";
import type { UploadKind } from "../../prisma/client/enums.ts";
import { isHeic } from "./kinds.ts";

type Scope = Parameters<Parameters<Jobs<Tx>["transaction"]>[0]>[0];

/** How uploads of one kind are processed. */
export interface Work {
  /** Enqueues the first jobs, in the transaction that completes the upload. */
  start(scope: Scope, uploadId: string): Promise<unknown>;
  /** The total number of jobs, if some are enqueued later. */
  steps?: number;
  /** What this system lacks to process the kind, for the operator; undefined if nothing is missing. */
  missing?(): Promise<string | undefined>;
  /** Whether this system can process a type of the kind; by default all. */
  accepts?(this: void, contentType: string): boolean;
}

/** Kinds that are not listed are rejected. */
export type UploadWork = Partial<Record<UploadKind, Work>>;

/** HEIC is decoded by an optional package: see workers/image-resize. */
const hasLibheif = (): boolean => {
  try {
    return Boolean(createRequire(import.meta.url).resolve("libheif-js"));
  } catch {
    return false;
  }
};

export const createImageWork = (hasHeic = hasLibheif()): Work => ({
  start: ({ enqueue }, uploadId) => enqueue(imageResize, { uploadId }),
  accepts: (contentType) => hasHeic || !isHeic(contentType),
});

export const uploadWork: UploadWork = { IMAGE: createImageWork() };
