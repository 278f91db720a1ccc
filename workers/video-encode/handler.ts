import { PermanentError, type Payload, type Run } from "../core/index.ts";
import type { rendition, videoEncode } from "./job.ts";
import { measure } from "./playlist.ts";
import { cutShort, hlsArguments, isFit, planSize, PLAYLIST, SEGMENTS, unfitness } from "./rendition.ts";
import type { Source } from "./rendition.ts";
import type { z } from "zod";

interface Workspace {
  source: Source | undefined;
  /** @throws an error with an `exitCode` when the program gave up on the file, with a `limit` when that ended it */
  convert(conversion: { output: string[]; onProgress(seconds: number): void }): Promise<void>;
  read(file: string, most?: number): Promise<Buffer | undefined>;
  store(
    file: string,
    path: string,
    contentType: string,
  ): Promise<{ path: string; contentType: string; bytes: number }>;
}

export interface Deps {
  findUpload(id: string): Promise<object | null>;
  /** Marks the upload as failed. Its owner sees `problem`. */
  refuse(uploadId: string, problem: string): Promise<void>;
  /** Works in a folder that holds the source and is gone afterwards. @throws like `convert`, for the look at the source */
  inWorkspace<Result>(
    uploadId: string,
    signal: AbortSignal,
    work: (workspace: Workspace) => Promise<Result>,
  ): Promise<Result>;
}

export const encodeVideo =
  ({ findUpload, refuse, inWorkspace }: Deps) =>
  async (
    { uploadId, height }: Payload<typeof videoEncode>,
    run: Pick<Run, "attempt" | "signal" | "progress">,
  ): Promise<z.output<typeof rendition> | string> => {
    if (!(await findUpload(uploadId))) return "skipped: the upload is gone";
    const refuseFor = async (problem: string): Promise<never> => {
      await refuse(uploadId, problem);
      throw new PermanentError(problem);
    };

    const encode = async (workspace: Workspace) => {
      const { source } = workspace;
      if (!isFit(source)) return refuseFor(unfitness(source));
      const size = planSize(source.video, height);
      if (!size)
        return `not needed: the source has ${Math.min(source.video.width, source.video.height)} lines`;

      const onProgress = reporter(run, source.seconds);
      await workspace.convert({ output: hlsArguments(source, size, height), onProgress });
      const playlist = (await workspace.read(PLAYLIST))?.toString() ?? "";
      const measured = measure(playlist, (await workspace.read(SEGMENTS, 65_536)) ?? Buffer.alloc(0));
      if (!measured) return refuseFor(DAMAGED);
      const { codec, ...figures } = measured;
      const cut = cutShort(source, figures);
      if (cut) return refuseFor(cut);

      const folder = `hls/${height}p`;
      const segments = await workspace.store(SEGMENTS, `${folder}/${SEGMENTS}`, "video/mp2t");
      const file = await workspace.store(PLAYLIST, `${folder}/${PLAYLIST}`, "application/vnd.apple.mpegurl");
      const codecs = source.audio ? `${codec},mp4a.40.2` : codec;
      return { ...file, bytes: file.bytes + segments.bytes, ...size, ...figures, codecs };
    };
    return inWorkspace(uploadId, run.signal, encode).catch((error: unknown) => {
      // Once may be a full disk, too little memory or a busy machine; again, it is the file.
      const problem = run.attempt > 1 ? faultOf(error) : undefined;
      if (problem) return refuseFor(problem);
      throw error;
    });
  };

const DAMAGED = "The video could not be converted: it seems to be damaged.";

/** How ffmpeg ends by SIGTERM, which systemd sends to it too when it stops a worker: not the file's fault. */
const BY_SIGNAL = 255;

/** What the failure of a program means for the file, as a message for the user. */
const faultOf = (error: unknown): string | undefined => {
  const { limit, exitCode } = (error ?? {}) as { limit?: unknown; exitCode?: unknown };
  if (limit === "cpu" || limit === "wall") return "The video takes too long to convert.";
  return typeof exitCode === "number" && exitCode !== BY_SIGNAL ? DAMAGED : undefined;
};

/** Hands on how far it is, as long as the last word has arrived. */
const reporter = ({ progress }: Pick<Run, "progress">, total: number | undefined) => {
  let busy = false;
  return (seconds: number) => {
    if (busy || !total) return;
    busy = true;
    const done = () => void (busy = false);
    progress(Math.min(1, seconds / total)).then(done, done);
  };
};
