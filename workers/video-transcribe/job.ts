import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Creates the subtitles of a video with a transcription provider. */
export const videoTranscribe = defineJob({
  name: "video-transcribe",
  // `isMute`: there is audio, but it cannot be decoded.
  payload: z.object({ uploadId: z.uuid(), isMute: z.boolean().optional() }),
  // Half a minute of retries, because the video waits for them. After that it is published without subtitles.
  attempts: 5,
  backoff: { delay: 2_000, max: 30_000 },
  rateLimit: { max: 5, per: 1_000 },
  timeout: 3_600_000,
  concurrency: 4,
});
