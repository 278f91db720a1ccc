import type { Tx } from "../../infra/database.ts";
import { defineWorker } from "../core/index.ts";
import { publishVideo } from "../video-publish/handler.ts";
import { videoPublish } from "../video-publish/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { createUploadObjects } from "./upload-objects.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = ({ prisma, storage }: Infrastructure) => {
  const { findUpload, findSubtitles, publish } = createVideoRecords(prisma);
  const { readText: read, write } = createUploadObjects(storage);
  return defineWorker(videoPublish, publishVideo<Tx>({ findUpload, findSubtitles, read, write, publish }));
};
