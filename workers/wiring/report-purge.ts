import { defineWorker } from "../core/index.ts";
import { purgeReport } from "../report-purge/handler.ts";
import { reportPurge } from "../report-purge/job.ts";
import type { Infrastructure } from "./infrastructure.ts";

export const wire = ({ prisma, storage }: Infrastructure) =>
  defineWorker(
    reportPurge,
    purgeReport({
      exists: async (id) => (await prisma.report.count({ where: { id } })) > 0,
      list: storage.list,
      remove: storage.remove,
    }),
  );
