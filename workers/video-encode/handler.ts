import { PermanentError, type Payload, type Run } from "../core/index.ts";
import type { rendition, videoEncode } from "./job.ts";
import { measure } from "./playlist.ts";
import {
  hlsArguments,
  isSupported,
  numberOf,
  planSize,
  PLAYLIST,
  SEGMENTS,
  truncation,
  unsupportedReason,
} from "./rendition.ts";
import type { Picture, Sound, Source } from "./rendition.ts";
import type { z } from "zod";

interface Workspace {
  source: Source | undefined;
  /** @throws an error with the program's `exitCode`, or with the resource `limit` that ended it */
  convert(conversion: { output: string[]; onProgress(seconds: number): void }): Promise<void>;
  /** How to convert the source's frames to this size. */
  picture(size: { width: number; height: number }, target: "video"): Promise<Picture>;
  /** The first audio track that can be decoded. */
  sound(): Promise<Sound | undefined>;
  /** The streams of a converted file. */
  inspect(file: string): Promise<(Source & { video: { rate: string } | undefined }) | undefined>;
  read(file: string, max?: number): Promise<Buffer | undefined>;
  store(
    file: string,
    path: string,
    contentType: string,
  ): Promise<{ path: string; contentType: string; bytes: number }>;
}

export interface Deps {
  findUpload(id: string): Promise<object | null>;
  /** Marks the upload as failed. Its owner sees `problem`. */
  reject(uploadId: string, problem: string): Promise<void>;
  /**
   * Runs work in a temporary folder that contains the source. @throws like `convert` when the source cannot be probed
   */
  inWorkspace<Result>(
    uploadId: string,
    signal: AbortSignal,
    work: (workspace: Workspace) => Promise<Result>,
  ): Promise<Result>;
}

export const encodeVideo =
  ({ findUpload, reject, inWorkspace }: Deps) =>
  async (
    { uploadId, height }: Payload<typeof videoEncode>,
    run: Pick<Run, "attempt" | "signal" | "progress">,
  ): Promise<z.output<typeof rendition> | string> => {
    if (!(await findUpload(uploadId))) return "skipped: the upload no longer exists";
    const rejectWith = async (problem: string): Promise<never> => {
      await reject(uploadId, problem);
      throw new PermanentError(problem);
    };

    const encode = async (workspace: Workspace) => {
      const { source } = workspace;
      if (!isSupported(source)) return rejectWith(unsupportedReason(source));
      const size = planSize(source.video, height);
      if (!size) return `skipped: the source has ${Math.min(source.video.width, source.video.height)} lines`;

      const [picture, sound] = [await workspace.picture(size, "video"), await workspace.sound()];
      const onProgress = throttled(run, source.seconds);
      await workspace.convert({ output: hlsArguments(source, size, picture, sound), onProgress });
      const playlist = (await workspace.read(PLAYLIST))?.toString() ?? "";
      const measured = measure(playlist, (await workspace.read(SEGMENTS, 65_536)) ?? Buffer.alloc(0));
      const made = measured && (await workspace.inspect(SEGMENTS));
      if (!measured || !made?.video) return rejectWith(DAMAGED);
      const { codec, ...figures } = measured;
      const problem = truncation(source, figures);
      if (problem) return rejectWith(problem);

      const { video, audio } = made;
      const folder = `hls/${Math.min(video.width, video.height)}p`;
      const segments = await workspace.store(SEGMENTS, `${folder}/${SEGMENTS}`, "video/mp2t");
      const file = await workspace.store(PLAYLIST, `${folder}/${PLAYLIST}`, "application/vnd.apple.mpegurl");
      return {
        ...{
          ...file,
          bytes: file.bytes + segments.bytes,
          width: video.width,
          height: video.height,
          ...figures,
        },
        codecs: audio.length > 0 ? `${codec},mp4a.40.2` : codec,
        frameRate: numberOf(video.rate),
        ...(source.audio.length > 0 && audio.length === 0 && { isMute: true }),
      };
    };
    return inWorkspace(uploadId, run.signal, encode).catch((error: unknown) => {
      // The first time, it may be a full disk, too little memory or a busy machine. The second time, it is the file.
      const problem = run.attempt > 1 ? problemOf(error) : undefined;
      if (problem) return rejectWith(problem);
      throw error;
    });
  };

const DAMAGED = "The video could not be converted. It may be damaged.";

/** ffmpeg's exit code after SIGTERM, which systemd also sends when it stops a worker: not a problem of the file. */
const TERMINATED = 255;

/** The problem of the file that an error of ffmpeg indicates, as a message for the user. */
const problemOf = (error: unknown): string | undefined => {
  const { limit, exitCode } = (error ?? {}) as { limit?: unknown; exitCode?: unknown };
  if (limit === "cpu" || limit === "wall") return "The video took too long to convert.";
  return typeof exitCode === "number" && exitCode !== TERMINATED ? DAMAGED : undefined;
};

/** Reports progress, and drops reports while the previous one is being written. */
const throttled = ({ progress }: Pick<Run, "progress">, total: number | undefined) => {
  let busy = false;
  return (seconds: number) => {
    if (busy || !total) return;
    busy = true;
    const done = () => void (busy = false);
    progress(Math.min(1, seconds / total)).then(done, done);
  };
};
