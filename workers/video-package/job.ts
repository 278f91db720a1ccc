import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Combines the renditions of its children into one video, and starts the second flow. */
export const videoPackage = defineJob({
  name: "video-package",
  payload: z.object({ uploadId: z.uuid() }),
  attempts: 10,
});
