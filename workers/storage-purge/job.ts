import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Removes stored objects whose upload, report or export has no row. `after` is where an interrupted run continues. */
export const storagePurge = defineJob({
  name: "storage-purge",
  payload: z.object({
    root: z.enum(["uploads", "reports", "exports"]).optional(),
    after: z.uuid().optional(),
    /** Removes them even if most records of a page have no row. */
    sure: z.boolean().optional(),
  }),
  attempts: 8,
  timeout: 900_000,
  concurrency: 1,
});
