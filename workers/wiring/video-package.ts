import type { Tx } from "../../infra/database.ts";
import { packageVideo } from "../video-package/handler.ts";
import { videoPackage } from "../video-package/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { defineReportingWorker } from "./last-failure.ts";
import { createUploadObjects } from "./upload-objects.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = ({ prisma, storage }: Infrastructure) => {
  const { findUpload, saveVideo, fail } = createVideoRecords(prisma);
  const { write } = createUploadObjects(storage);
  const handler = packageVideo<Tx>({ findUpload, write, saveVideo });
  return defineReportingWorker(videoPackage, handler, ({ uploadId }) => fail(uploadId, null));
};
