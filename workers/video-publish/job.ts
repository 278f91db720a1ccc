import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Shows a video to its owner, with whatever its children achieved. */
export const videoPublish = defineJob({
  name: "video-publish",
  payload: z.object({ uploadId: z.uuid() }),
  attempts: 10,
});
