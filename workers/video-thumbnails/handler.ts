import { PermanentError, type Payload, type Run } from "../core/index.ts";
import { posterPath, posterPositions } from "./job.ts";
import type { videoThumbnails } from "./job.ts";

interface Workspace {
  source: { video: { index: number; width: number; height: number } | undefined } | undefined;
  /** How to convert the source's frames to this size. */
  picture(
    size: { width: number; height: number },
    target: "jpeg",
  ): Promise<{ filters: readonly string[]; options: readonly string[] }>;
  convert(conversion: { before: string[]; output: string[] }): Promise<void>;
  /** Resolves with undefined when there is no such file. */
  read(file: string, max?: number): Promise<Buffer | undefined>;
  store(file: string, path: string, contentType: string): Promise<unknown>;
}

export interface Deps {
  /** `seconds` is the measured length. */
  findUpload(id: string): Promise<{ seconds: number | null } | null>;
  /** Runs work in a temporary folder that contains the source. */
  inWorkspace<Result>(
    uploadId: string,
    signal: AbortSignal,
    work: (workspace: Workspace) => Promise<Result>,
  ): Promise<Result>;
}

export const extractPoster =
  ({ findUpload, inWorkspace }: Deps) =>
  async (
    { uploadId, number }: Payload<typeof videoThumbnails>,
    run: Pick<Run, "signal">,
  ): Promise<string> => {
    const upload = await findUpload(uploadId);
    if (!upload) return "skipped: the upload no longer exists";
    const position = (upload.seconds ?? 0) * (posterPositions[number - 1] ?? 0);

    return inWorkspace(uploadId, run.signal, async ({ source, picture, convert, read, store }) => {
      const { video } = source ?? {};
      if (!video) throw new PermanentError("the source has no video stream");
      const { filters, options } = await picture(posterSize(video), "jpeg");
      const output = [
        ...["-map", `0:${video.index}`, "-map_metadata", "-1", "-frames:v", "1"],
        ...["-vf", filters.join(","), ...options, "-q:v", "2"],
        ...["-f", "image2", "-update", "1", FRAME],
      ];
      // A file may be shorter than declared or not seekable: use the first frame then.
      for (const before of [["-ss", position.toFixed(3)], []]) {
        await convert({ before, output });
        if (!(await read(FRAME, 1))?.length) continue;
        await store(FRAME, posterPath(number), "image/jpeg");
        return before.length > 0
          ? `extracted the frame at ${position.toFixed(1)} s`
          : "extracted the first frame";
      }
      throw new PermanentError("no frame can be decoded");
    });
  };

const FRAME = "frame.jpg";
/** Pixels of the longer side: the widest size of image-resize. */
const MAX_SIDE = 1_920;

const posterSize = ({ width, height }: { width: number; height: number }) => {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  const scaled = (length: number) => Math.max(1, Math.round(length * scale));
  return { width: scaled(width), height: scaled(height) };
};
