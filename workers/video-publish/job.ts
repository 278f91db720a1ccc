import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Publishes a video to its owner, without the results of failed children. */
export const videoPublish = defineJob({
  name: "video-publish",
  payload: z.object({ uploadId: z.uuid() }),
  attempts: 10,
});
