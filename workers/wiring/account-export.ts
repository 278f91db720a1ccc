import type { Tx } from "../../infra/database.ts";
import { exportKey } from "../../infra/export-file.ts";
import { ObjectMissingError } from "../../infra/storage/storage.ts";
import { exportAccount } from "../account-export/handler.ts";
import { accountExport } from "../account-export/job.ts";
import { defineWorker } from "../core/index.ts";
import { createExportRecords } from "./export-records.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { userData } from "./user-data/list.ts";
import { toListing } from "./user-data/read-rows.ts";

export const wire = ({ prisma, storage }: Infrastructure) =>
  defineWorker(
    accountExport,
    exportAccount<Tx>({
      ...createExportRecords(prisma),
      // The account first: it is the last to be deleted.
      listings: userData
        .toReversed()
        .flatMap(({ read = [] }) => read)
        .map((table) => toListing(prisma, table)),
      list: storage.list,
      open: (key) => storage.read(key).catch(undefinedIfMissing),
      write: (id, zip) => storage.write(exportKey(id), zip, "application/zip"),
      remove: (id) => storage.remove([exportKey(id)]),
    }),
  );

const undefinedIfMissing = (error: unknown): undefined => {
  if (!(error instanceof ObjectMissingError)) throw error;
};
