import { defineWorker } from "../core/index.ts";
import { purgeUpload } from "../upload-purge/handler.ts";
import { uploadPurge } from "../upload-purge/job.ts";
import type { Infrastructure } from "./infrastructure.ts";

export const wire = ({ prisma, storage }: Infrastructure) =>
  defineWorker(
    uploadPurge,
    purgeUpload({
      deleteIfIncomplete: async (id) =>
        void (await prisma.upload.deleteMany({ where: { id, state: "AWAITING" } })),
      exists: async (id) => (await prisma.upload.count({ where: { id } })) > 0,
      list: storage.list,
      remove: storage.remove,
    }),
  );
