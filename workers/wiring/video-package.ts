import type { Tx } from "../../infra/database.ts";
import { defineWorker } from "../core/index.ts";
import { packageVideo } from "../video-package/handler.ts";
import { videoPackage } from "../video-package/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { createUploadObjects } from "./upload-objects.ts";
import { createVideoRecords } from "./video-records.ts";

export const wire = ({ prisma, storage }: Infrastructure) => {
  const { findUpload, saveVideo } = createVideoRecords(prisma);
  const { write } = createUploadObjects(storage);
  return defineWorker(videoPackage, packageVideo<Tx>({ findUpload, write, saveVideo }));
};
