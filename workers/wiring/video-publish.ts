import type { Tx } from "../../infra/database.ts";
import { publishVideo } from "../video-publish/handler.ts";
import { videoPublish } from "../video-publish/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { defineReportingWorker } from "./last-failure.ts";
import { createUploadObjects } from "./upload-objects.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = ({ prisma, storage }: Infrastructure) => {
  const { findUpload, findSubtitles, publish, fail } = createVideoRecords(prisma);
  const { readText: read, write } = createUploadObjects(storage);
  const handler = publishVideo<Tx>({ findUpload, findSubtitles, read, write, publish });
  return defineReportingWorker(videoPublish, handler, ({ uploadId }) => fail(uploadId, null));
};
