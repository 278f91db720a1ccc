import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Deletes exports that have expired, with their files. */
export const exportPurge = defineJob({
  name: "export-purge",
  payload: z.object({}),
  attempts: 3,
  timeout: 900_000,
  concurrency: 1,
});
