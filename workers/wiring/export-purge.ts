import { exportKey } from "../../infra/export-file.ts";
import { defineWorker } from "../core/index.ts";
import { purgeExports } from "../export-purge/handler.ts";
import { exportPurge } from "../export-purge/job.ts";
import { purgeOptions } from "./database-load.ts";
import type { Infrastructure } from "./infrastructure.ts";

export const wire = ({ prisma, storage, config }: Infrastructure) =>
  defineWorker(
    exportPurge,
    purgeExports({
      ...purgeOptions({ prisma, config }),
      // By the clock of PostgreSQL, like account-export, which makes no expired export ready.
      findExpired: async (limit) => {
        const rows = await prisma.$queryRaw<{ id: string }[]>`
          SELECT id FROM "AccountExport" WHERE "expiresAt" <= now() ORDER BY "expiresAt" LIMIT ${limit}::int`;
        return rows.map(({ id }) => id);
      },
      remove: (ids) => storage.remove(ids.map(exportKey)),
      deleteRows: async (ids) => {
        await prisma.accountExport.deleteMany({ where: { id: { in: ids } } });
      },
    }),
  );
