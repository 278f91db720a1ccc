import { defineWorker } from "../core/index.ts";
import { encodeVideo } from "../video-encode/handler.ts";
import { videoEncode } from "../video-encode/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { openWorkspace } from "./media.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = async (infrastructure: Infrastructure) => {
  const inWorkspace = await openWorkspace(infrastructure);
  if (!inWorkspace) return undefined;
  const { findUpload, reject } = createVideoRecords(infrastructure.prisma);
  return defineWorker(videoEncode, encodeVideo({ findUpload, reject, inWorkspace }));
};
