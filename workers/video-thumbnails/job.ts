import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** The positions of posters 1, 2 and 3, as fractions of the video's length. */
export const posterPositions = [0.1, 0.5, 0.9] as const;

/** The path of poster 1, 2, … below the upload. */
export const posterPath = (number: number): string => `posters/${number}.jpg`;

/** Extracts one poster frame. */
export const videoThumbnails = defineJob({
  name: "video-thumbnails",
  payload: z.object({ uploadId: z.uuid(), number: z.int().min(1).max(posterPositions.length) }),
  attempts: 8,
  backoff: { delay: 2_000, max: 120_000 },
  timeout: 600_000,
  concurrency: 2,
});
