import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Removes an upload that was never completed, and all objects of one whose row is gone. */
export const uploadPurge = defineJob({
  name: "upload-purge",
  payload: z.object({ uploadId: z.uuid() }),
  attempts: 20,
  timeout: 600_000,
  concurrency: 4,
});
