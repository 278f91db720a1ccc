import type { Payload, Run } from "../core/index.ts";
import { videoPublish } from "../video-publish/job.ts";
import { providerError } from "./failure.ts";
import type { videoTranscribe } from "./job.ts";
import { languageTag } from "./language.ts";
import { subtitlePlaylist, webVtt } from "./webvtt.ts";
import type { Cue } from "./webvtt.ts";

interface Stored {
  path: string;
  contentType: string;
  bytes: number;
}

interface Workspace {
  source: { audio: { index: number } | undefined } | undefined;
  convert(conversion: { output: string[] }): Promise<void>;
  files(): Promise<string[]>;
  read(file: string): Promise<Buffer | undefined>;
  write(file: string, text: string): Promise<void>;
  store(file: string, path: string, contentType: string): Promise<Stored>;
}

/** What a provider heard. Times are in seconds. */
export interface Transcript {
  language: string;
  segments: Cue[];
}

export interface Deps<Tx> {
  findUpload(id: string): Promise<{ seconds: number | null; completedAt: Date | null } | null>;
  /** Works in a folder that holds the source and is gone afterwards. */
  inWorkspace<Result>(
    uploadId: string,
    signal: AbortSignal,
    work: (workspace: Workspace) => Promise<Result>,
  ): Promise<Result>;
  /** Absent where no provider is configured. @throws an error with the provider's `status`, see failure.ts */
  transcribe: ((wav: Buffer, signal: AbortSignal) => Promise<Transcript>) | undefined;
  /**
   * Lists these files in place of earlier subtitles, and keeps the note for the owner. Locks the upload, and resolves with
   * whether it is published already.
   */
  saveSubtitles(tx: Tx, uploadId: string, files: Stored[], note: string | null): Promise<boolean>;
}

type TranscribeRun<Tx> = Pick<Run<Tx>, "signal" | "progress" | "enqueue" | "complete">;

export const transcribeVideo =
  <Tx>(deps: Deps<Tx>) =>
  async ({ uploadId }: Payload<typeof videoTranscribe>, run: TranscribeRun<Tx>): Promise<string> => {
    const upload = await deps.findUpload(uploadId);
    if (!upload) return "skipped: the upload is gone";
    const { transcribe } = deps;
    const without = (reason: string) =>
      run.complete(async (tx) => {
        await deps.saveSubtitles(tx, uploadId, [], `There are no subtitles: ${reason}.`);
        return `no subtitles: ${reason}`;
      });
    if (!transcribe) return without("no transcription service is configured");

    return deps.inWorkspace(uploadId, run.signal, async (workspace) => {
      const { audio } = workspace.source ?? {};
      if (!audio) return without("the video has no sound");
      await workspace.convert({ output: soundArguments(audio, upload.seconds) });
      const { language, segments } = await hear(workspace, transcribe, run).catch((error: unknown) => {
        throw providerError(error, upload.completedAt);
      });
      const seconds = upload.seconds ?? segments.at(-1)?.end ?? 0;
      const subtitles = webVtt(segments, seconds);
      if (!subtitles) return without("no speech was recognised");

      const name = languageTag(language);
      await workspace.write("subtitles.vtt", subtitles);
      await workspace.write("subtitles.m3u8", subtitlePlaylist(`${name}.vtt`, seconds));
      const files = [
        await workspace.store("subtitles.vtt", `hls/subtitles/${name}.vtt`, "text/vtt"),
        await workspace.store(
          "subtitles.m3u8",
          `hls/subtitles/${name}.m3u8`,
          "application/vnd.apple.mpegurl",
        ),
      ];
      return run.complete(async (tx) => {
        const isPublished = await deps.saveSubtitles(tx, uploadId, files, null);
        // Retried from the dead letter, it comes when the video is out: then that is published again, with subtitles.
        if (isPublished) run.enqueue(videoPublish, { uploadId });
        return `${segments.length} segments in ${name}`;
      });
    });
  };

/** Seconds of sound in one request: 19 MB, where providers take 25. */
const PART = 600;

/** The longest video that is made: what is heard where no length was measured. */
const MAX_SECONDS = 4 * 3_600;

/**
 * What speech recognition works on anyway: 16 kHz, one channel. No more of it than there is video, because silence of
 * twelve hours is a small file, and providers charge by the minute.
 */
const soundArguments = ({ index }: { index: number }, seconds: number | null) => [
  ...["-map", `0:${index}`, "-map_metadata", "-1", "-t", `${Math.ceil(seconds ?? MAX_SECONDS)}`],
  ...["-vn", "-af", "aresample=async=1:first_pts=0"],
  ...["-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le"],
  ...["-f", "segment", "-segment_time", `${PART}`, "-segment_format", "wav", "part-%04d.wav"],
];

/** One part after the other, so that a long video takes no more of the provider than a short one. */
const hear = async (
  workspace: Workspace,
  transcribe: NonNullable<Deps<unknown>["transcribe"]>,
  run: Pick<Run, "signal" | "progress">,
): Promise<Transcript> => {
  const parts = (await workspace.files()).filter((name) => name.startsWith("part-")).sort();
  let language = "";
  const segments: Cue[] = [];
  for (const [index, part] of parts.entries()) {
    const wav = (await workspace.read(part)) ?? Buffer.alloc(0);
    const heard = await transcribe(wav, run.signal);
    language ||= heard.language;
    for (const { start, end, text } of heard.segments)
      segments.push({ start: start + index * PART, end: end + index * PART, text });
    await run.progress((index + 1) / parts.length);
  }
  return { language, segments };
};
