import { encodeVideo } from "../video-encode/handler.ts";
import { videoEncode } from "../video-encode/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { defineReportingWorker } from "./last-failure.ts";
import { openWorkspace } from "./media.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = async (infrastructure: Infrastructure) => {
  const inWorkspace = await openWorkspace(infrastructure);
  if (!inWorkspace) return undefined;
  const { findUpload, fail } = createVideoRecords(infrastructure.prisma);
  const handler = encodeVideo({ findUpload, reject: fail, inWorkspace });
  return defineReportingWorker(videoEncode, handler, ({ uploadId }) => fail(uploadId, null));
};
