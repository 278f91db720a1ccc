import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Deletes records that have served their time: links, invitations, devices, idempotency keys and rate limits. */
export const recordPurge = defineJob({
  name: "record-purge",
  payload: z.object({}),
  attempts: 3,
  timeout: 900_000,
  concurrency: 1,
});
