import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Deletes sessions that have expired, and those of users who are not verified. */
export const sessionPurge = defineJob({
  name: "session-purge",
  payload: z.object({}),
  attempts: 3,
  timeout: 900_000,
  concurrency: 1,
});
