import type { Tx } from "../../infra/database.ts";
import { defineWorker } from "../core/index.ts";
import { packageVideo } from "../video-package/handler.ts";
import { videoPackage } from "../video-package/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { withLastFailure } from "./last-failure.ts";
import { createUploadObjects } from "./upload-objects.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = ({ prisma, storage }: Infrastructure) => {
  const { findUpload, saveVideo, fail } = createVideoRecords(prisma);
  const { write } = createUploadObjects(storage);
  const handler = packageVideo<Tx>({ findUpload, write, saveVideo });
  return defineWorker(
    videoPackage,
    withLastFailure(videoPackage, handler, ({ uploadId }) => fail(uploadId, null)),
  );
};
