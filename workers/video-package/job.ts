import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Makes one video of the renditions that its children made, and starts what follows. */
export const videoPackage = defineJob({
  name: "video-package",
  payload: z.object({ uploadId: z.uuid() }),
  attempts: 10,
});
