import { defineWorker } from "../core/index.ts";
import { extractPoster } from "../video-thumbnails/handler.ts";
import { videoThumbnails } from "../video-thumbnails/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { openWorkspace } from "./media.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = async (infrastructure: Infrastructure) => {
  const inWorkspace = await openWorkspace(infrastructure);
  if (!inWorkspace) return undefined;
  const { findUpload } = createVideoRecords(infrastructure.prisma);
  return defineWorker(videoThumbnails, extractPoster({ findUpload, inWorkspace }));
};
