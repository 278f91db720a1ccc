import type { Tx } from "../../infra/database.ts";
import { resizeImage, type Variants } from "../image-resize/handler.ts";
import { imageResize } from "../image-resize/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { defineReportingWorker } from "./last-failure.ts";
import { createUploadObjects } from "./upload-objects.ts";
import { createFailUpload, makeUploadReady } from "./upload-outcome.ts";

export const wire = ({ prisma, storage }: Infrastructure) => {
  const { read, write } = createUploadObjects(storage);
  const fail = createFailUpload(prisma);
  return defineReportingWorker(
    imageResize,
    resizeImage<Tx>({
      findUpload: (id) => prisma.upload.findUnique({ where: { id }, select: { id: true } }),
      read,
      write,
      publish,
      reject: fail,
    }),
    // What is not the upload itself is left out of it.
    async ({ uploadId, source }) => source === undefined && fail(uploadId, null),
  );
};

const publish = async (
  tx: Tx,
  { uploadId, isUpload, folder, files, width, height, placeholder, note }: Variants,
): Promise<void> => {
  const role = isUpload ? ("VARIANT" as const) : ("POSTER" as const);
  await tx.uploadFile.deleteMany({ where: { uploadId, path: { startsWith: `${folder}/` } } });
  await tx.uploadFile.createMany({ data: files.map((file) => ({ uploadId, role, ...file })) });
  if (!isUpload) return;
  await makeUploadReady(tx, uploadId, { width, height, placeholder, note });
};
