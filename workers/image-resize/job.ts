import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Of an object below the upload: names joined by slashes, which cannot lead out of it. */
const path = z.string().regex(/^[a-z0-9]+([/._-][a-z0-9]+)*$/);

/** Makes an image of an upload in every size and format. `source` is the image's path, by default the upload itself. */
export const imageResize = defineJob({
  name: "image-resize",
  payload: z.object({ uploadId: z.uuid(), source: path.optional() }),
  attempts: 8,
  backoff: { delay: 1_000, max: 600_000, jitter: 0.5 },
  timeout: 180_000,
  concurrency: 2,
});
