import type { Tx } from "../../infra/database.ts";
import { defineWorker } from "../core/index.ts";
import { publishVideo } from "../video-publish/handler.ts";
import { videoPublish } from "../video-publish/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { withLastFailure } from "./last-failure.ts";
import { createUploadObjects } from "./upload-objects.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = ({ prisma, storage }: Infrastructure) => {
  const { findUpload, findSubtitles, publish, fail } = createVideoRecords(prisma);
  const { readText: read, write } = createUploadObjects(storage);
  const handler = publishVideo<Tx>({ findUpload, findSubtitles, read, write, publish });
  return defineWorker(
    videoPublish,
    withLastFailure(videoPublish, handler, ({ uploadId }) => fail(uploadId, null)),
  );
};
