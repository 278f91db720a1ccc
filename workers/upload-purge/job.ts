import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Deletes an upload that was never completed, and the objects of an upload without a row. */
export const uploadPurge = defineJob({
  name: "upload-purge",
  payload: z.object({ uploadId: z.uuid() }),
  attempts: 20,
  timeout: 600_000,
  concurrency: 4,
});
