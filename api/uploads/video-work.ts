import type { Config } from "../../infra/config.ts";
import { findBinaries } from "../../infra/media/binaries.ts";
import { node } from "../../workers/core/index.ts";
import { renditionHeights, videoEncode } from "../../workers/video-encode/job.ts";
import { videoPackage } from "../../workers/video-package/job.ts";
import { posterPositions } from "../../workers/video-thumbnails/job.ts";
import type { UploadWork } from "./work.ts";

/** Starts with all renditions; video-package enqueues the rest. `canEncode` returns why encoding is impossible. */
export const createVideoWork = (
  canEncode: () => Promise<string | undefined>,
): NonNullable<UploadWork["VIDEO"]> => ({
  missing: canEncode,
  // The renditions and their parent; for each poster, its frame and its sizes; subtitles; publish.
  steps: renditionHeights.length + 1 + 2 * posterPositions.length + 2,
  start: ({ enqueueFlow }, uploadId) =>
    enqueueFlow(
      node(
        videoPackage,
        { uploadId },
        {
          children: renditionHeights.map((height) =>
            node(videoEncode, { uploadId, height }, { onFailure: "fail-parent" }),
          ),
        },
      ),
    ),
});

/** Looks for ffmpeg once, unless the configuration decides. The function returns what is missing. */
export const createCanEncodeVideo = (config: Pick<Config<"api">, "video" | "ffmpegPath" | "ffprobePath">) => {
  const search = config.video === "auto" ? findBinaries(config) : undefined;
  return async (): Promise<string | undefined> => {
    if (config.video === "off") return "Video processing is turned off (VIDEO=off).";
    const found = await search;
    return found && "missing" in found ? found.missing : undefined;
  };
};
