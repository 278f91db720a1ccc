import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Enqueue one job for each, so that the caller need not inspect the source: jobs that are not needed are skipped. */
export const renditionHeights = [1080, 720, 480, 240] as const;

/** Encodes one rendition of a video. `height` is the maximum of the shorter side, as in "720p". */
export const videoEncode = defineJob({
  name: "video-encode",
  payload: z.object({ uploadId: z.uuid(), height: z.literal(renditionHeights) }),
  attempts: 8,
  backoff: { delay: 2_000, max: 120_000 },
  timeout: 4 * 3_600_000,
  concurrency: 2,
});

/** The result of a job that was not skipped: its parent writes it into the master playlist. */
export const rendition = z.object({
  ...{ path: z.string(), contentType: z.string(), bytes: z.number() },
  ...{ width: z.int(), height: z.int(), seconds: z.number() },
  ...{ bandwidth: z.int(), averageBandwidth: z.int(), codecs: z.string() },
  // Earlier versions returned neither. `isMute`: there is audio, but it cannot be decoded.
  ...{ frameRate: z.number().optional(), isMute: z.boolean().optional() },
});
