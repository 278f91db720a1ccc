import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Closes an account, and deletes everything of it in batches. Waits in the ledger until the grace period is over. */
export const accountDelete = defineJob({
  name: "account-delete",
  payload: z.object({ deletionId: z.uuid() }),
  attempts: 100, // about 16 hours: a half-deleted account must not stay because of an outage
  crashes: 100, // its runs are long, and share their process with others
  timeout: 1_800_000,
  concurrency: 2,
});
