import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Where in the video the posters are taken, as shares of its length: number 1, 2 and 3. */
export const posterPositions = [0.1, 0.5, 0.9] as const;

/** Where poster number 1, 2, … is stored, below the upload. */
export const posterPath = (number: number): string => `posters/${number}.jpg`;

/** Takes one poster frame. */
export const videoThumbnails = defineJob({
  name: "video-thumbnails",
  payload: z.object({ uploadId: z.uuid(), number: z.int().min(1).max(posterPositions.length) }),
  attempts: 8,
  backoff: { delay: 2_000, max: 120_000 },
  timeout: 600_000,
  concurrency: 2,
});
