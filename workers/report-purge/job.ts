import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Deletes the objects of a deleted report. */
export const reportPurge = defineJob({
  name: "report-purge",
  payload: z.object({ reportId: z.uuid().toLowerCase() }),
  attempts: 20,
  timeout: 600_000,
  concurrency: 4,
});
