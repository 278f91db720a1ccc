import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Enqueues the jobs of all schedules that are due. Enqueued every 15 s if there are any, once per tick. */
export const scheduleDispatch = defineJob({
  name: "schedule-dispatch",
  payload: z.object({ tick: z.iso.datetime() }),
  key: ({ tick }) => tick,
  // The next tick continues what a failed run left.
  attempts: 3,
  timeout: 3_600_000,
  concurrency: 1,
});
