import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Milliseconds after a deletion when no running job can still write the file: then it is purged a second time. */
export const QUIET_AFTER = 3_600_000;

/** Deletes the objects of a deleted report. */
export const reportPurge = defineJob({
  name: "report-purge",
  payload: z.object({ reportId: z.uuid().toLowerCase() }),
  attempts: 20,
  timeout: 600_000,
  concurrency: 4,
});
