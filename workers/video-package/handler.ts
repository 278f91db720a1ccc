import type { z } from "zod";
import { node, PermanentError, type Payload, type Run } from "../core/index.ts";
import { imageResize } from "../image-resize/job.ts";
import { rendition } from "../video-encode/job.ts";
import { videoPublish } from "../video-publish/job.ts";
import { posterPath, posterPositions, videoThumbnails } from "../video-thumbnails/job.ts";
import { videoTranscribe } from "../video-transcribe/job.ts";
import type { videoPackage } from "./job.ts";
import { masterPlaylist } from "./master.ts";

type Rendition = z.output<typeof rendition>;

/** The packaged video. */
export interface Video {
  width: number;
  height: number;
  seconds: number;
  renditions: Rendition[];
  master: { path: string; contentType: string; bytes: number };
}

export interface Deps<Tx> {
  findUpload(id: string): Promise<object | null>;
  /** Writes an object below the upload, replacing an earlier one. */
  write(uploadId: string, path: string, text: string, contentType: string): Promise<void>;
  /** Replaces the files that an earlier run listed. */
  saveVideo(tx: Tx, uploadId: string, video: Video): Promise<unknown>;
}

export const packageVideo =
  <Tx>({ findUpload, write, saveVideo }: Deps<Tx>) =>
  async (
    { uploadId }: Payload<typeof videoPackage>,
    run: Pick<Run<Tx>, "children" | "enqueueFlow" | "complete">,
  ): Promise<string> => {
    if (!(await findUpload(uploadId))) return "skipped: the upload no longer exists";
    const results = (await run.children()).map(({ result }) => rendition.safeParse(result).data);
    const renditions = results.filter((result) => result !== undefined).sort((a, b) => b.height - a.height);
    const [best] = renditions;
    if (!best) throw new PermanentError("no child has encoded a rendition");

    const text = masterPlaylist(renditions);
    const master = { path: MASTER, contentType: HLS, bytes: Buffer.byteLength(text) };
    await write(uploadId, master.path, text, HLS);

    const { width, height } = best;
    const seconds = Math.max(...renditions.map((each) => each.seconds));
    run.enqueueFlow(publishFlow(uploadId, { isMute: renditions.some(({ isMute }) => isMute) }));
    return run.complete(async (tx) => {
      await saveVideo(tx, uploadId, { width, height, seconds, renditions, master });
      return `packaged ${renditions.length} renditions`;
    });
  };

const MASTER = "hls/master.m3u8";
const HLS = "application/vnd.apple.mpegurl";

/** The second flow: posters and subtitles, then the publication. What fails is left out. */
const publishFlow = (uploadId: string, { isMute }: { isMute: boolean }) => {
  const posters = posterPositions.map((_, index) => {
    const frame = node(videoThumbnails, { uploadId, number: index + 1 }, { onFailure: "fail-parent" });
    const source = posterPath(index + 1);
    return node(imageResize, { uploadId, source }, { onFailure: "continue", children: [frame] });
  });
  const subtitles = node(videoTranscribe, { uploadId, ...(isMute && { isMute }) }, { onFailure: "continue" });
  return node(videoPublish, { uploadId }, { children: [...posters, subtitles] });
};
