import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** The path of an object below the upload. It cannot leave the upload's folder. */
const path = z.string().regex(/^[a-z0-9]+([/._-][a-z0-9]+)*$/);

/** Creates all sizes and formats of an image. `source` is its path below the upload, by default the original. */
export const imageResize = defineJob({
  name: "image-resize",
  payload: z.object({ uploadId: z.uuid(), source: path.optional() }),
  attempts: 8,
  backoff: { delay: 1_000, max: 600_000, jitter: 0.5 },
  timeout: 180_000,
  concurrency: 2,
});
