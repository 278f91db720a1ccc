import { defineWorker } from "../core/index.ts";
import { purgeStorage, type Root } from "../storage-purge/handler.ts";
import { storagePurge } from "../storage-purge/job.ts";
import { purgeOptions } from "./database-load.ts";
import type { Infrastructure } from "./infrastructure.ts";

export const wire = ({ prisma, storage, config }: Infrastructure) => {
  const find: Record<Root, (ids: string[]) => Promise<{ id: string }[]>> = {
    uploads: (ids) => prisma.upload.findMany({ where: { id: { in: ids } }, select: { id: true } }),
    reports: (ids) => prisma.report.findMany({ where: { id: { in: ids } }, select: { id: true } }),
    exports: (ids) => prisma.accountExport.findMany({ where: { id: { in: ids } }, select: { id: true } }),
  };
  return defineWorker(
    storagePurge,
    purgeStorage({
      ...purgeOptions({ prisma, config }),
      listFolders: (root, after, limit) => storage.folders(`${root}/`, after, limit),
      findKnown: async (root, ids) => (await find[root](ids)).map(({ id }) => id),
      list: storage.list,
      remove: storage.remove,
    }),
  );
};
