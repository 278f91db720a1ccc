import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Sends the notifications of a user that the user's devices have not received yet, in their order. */
export const pushNotify = defineJob({
  name: "push-notify",
  payload: z.object({ userId: z.uuid() }),
  order: ({ userId }) => userId, // one at a time for each user
  attempts: 60, // about an hour
  // Short at most: until the job ends, the user's other devices get newer notifications only when it is retried.
  backoff: { delay: 1_000, max: 60_000 },
  rateLimit: { max: 100, per: 1_000 },
  timeout: 120_000,
  concurrency: 20,
});
