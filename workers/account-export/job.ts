import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Makes the ZIP with everything that belongs to a user. */
export const accountExport = defineJob({
  name: "account-export",
  payload: z.object({ exportId: z.uuid().toLowerCase() }),
  attempts: 8,
  backoff: { delay: 2_000, max: 600_000 },
  timeout: 3_600_000,
  concurrency: 2,
});
