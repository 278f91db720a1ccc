import type { Tx } from "../../infra/database.ts";
import { defineWorker } from "../core/index.ts";
import { resizeImage, type Variants } from "../image-resize/handler.ts";
import { imageResize } from "../image-resize/job.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { createUploadObjects } from "./upload-objects.ts";

export const wire = ({ prisma, storage }: Infrastructure) => {
  const { read, write } = createUploadObjects(storage);
  return defineWorker(
    imageResize,
    resizeImage<Tx>({
      findUpload: (id) => prisma.upload.findUnique({ where: { id }, select: { id: true } }),
      read,
      write,
      publish,
      reject: (id, problem) =>
        prisma.upload.updateMany({ where: { id }, data: { state: "FAILED", problem } }),
    }),
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
  const ready = { state: "READY" as const, problem: null, readyAt: new Date() };
  await tx.upload.update({ where: { id: uploadId }, data: { width, height, placeholder, note, ...ready } });
};
