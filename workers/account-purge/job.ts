import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Deletes accounts whose address was never verified. */
export const accountPurge = defineJob({
  name: "account-purge",
  payload: z.object({}),
  attempts: 3,
  timeout: 900_000,
  concurrency: 1,
});
