import type { Payload, Run } from "../core/index.ts";
import { videoPublish } from "../video-publish/job.ts";
import { classifyProviderError } from "./failure.ts";
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
  source: { audio: readonly object[] } | undefined;
  /** The first audio track that can be decoded, and the filter that converts it. */
  sound(): Promise<Sound | undefined>;
  convert(conversion: { output: string[] }): Promise<void>;
  files(): Promise<string[]>;
  read(file: string): Promise<Buffer | undefined>;
  write(file: string, text: string): Promise<void>;
  store(file: string, path: string, contentType: string): Promise<Stored>;
}

interface Sound {
  index: number;
  filter: string;
}

/** A provider's transcript. Times are in seconds. */
export interface Transcript {
  language: string;
  segments: Cue[];
}

export interface Deps<Tx> {
  findUpload(id: string): Promise<{ seconds: number | null; completedAt: Date | null } | null>;
  /** Runs work in a temporary folder that contains the source. */
  inWorkspace<Result>(
    uploadId: string,
    signal: AbortSignal,
    work: (workspace: Workspace) => Promise<Result>,
  ): Promise<Result>;
  /** Undefined when no provider is configured. @throws an error with the provider's `status`, see failure.ts */
  transcribe: ((wav: Buffer, signal: AbortSignal) => Promise<Transcript>) | undefined;
  /**
   * Replaces earlier subtitles with these files, and stores the note for the owner. Locks the upload and resolves with
   * whether it is already published.
   */
  saveSubtitles(tx: Tx, uploadId: string, files: Stored[], note: string | null): Promise<boolean>;
}

type TranscribeRun<Tx> = Pick<Run<Tx>, "signal" | "progress" | "enqueue" | "complete">;

export const transcribeVideo =
  <Tx>(deps: Deps<Tx>) =>
  async ({ uploadId, isMute }: Payload<typeof videoTranscribe>, run: TranscribeRun<Tx>): Promise<string> => {
    const upload = await deps.findUpload(uploadId);
    if (!upload) return "skipped: the upload no longer exists";
    const { transcribe } = deps;
    const completeWithout = (reason: string, what = "No subtitles") =>
      run.complete(async (tx) => {
        await deps.saveSubtitles(tx, uploadId, [], `${what}: ${reason}.`);
        return `no subtitles: ${reason}`;
      });
    if (isMute) return completeWithout(UNREADABLE, "No sound and no subtitles");
    if (!transcribe) return completeWithout("no transcription service is configured");

    return deps.inWorkspace(uploadId, run.signal, async (workspace) => {
      if (!workspace.source?.audio.length) return completeWithout("the video has no audio");
      const sound = await workspace.sound();
      if (!sound) return completeWithout(UNREADABLE, "No sound and no subtitles");
      await workspace.convert({ output: audioArguments(sound, upload.seconds) });
      const { language, segments } = await transcribeParts(workspace, transcribe, run).catch(
        (error: unknown) => {
          throw classifyProviderError(error, upload.completedAt);
        },
      );
      const seconds = upload.seconds ?? segments.at(-1)?.end ?? 0;
      const subtitles = webVtt(segments, seconds);
      if (!subtitles) return completeWithout("no speech was detected");

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
        // Replayed from the dead letter, the video may already be published: publish it again, with subtitles.
        if (isPublished) run.enqueue(videoPublish, { uploadId });
        return `created subtitles in ${name} (segments: ${segments.length})`;
      });
    });
  };

const UNREADABLE = "the audio cannot be decoded";

/** Seconds of audio in one request: 19 MB, of which providers accept 25. */
const PART_SECONDS = 600;

/** The longest supported video: the limit when no length was measured. */
const MAX_SECONDS = 4 * 3_600;

/**
 * The input format of speech recognition: 16 kHz, one channel. Never longer than the video, because twelve hours of
 * silence are a small file, and providers charge by the minute.
 */
const audioArguments = ({ index, filter }: Sound, seconds: number | null) => [
  ...["-map", `0:${index}`, "-map_metadata", "-1", "-t", `${Math.ceil(seconds ?? MAX_SECONDS)}`],
  ...["-vn", "-af", filter],
  ...["-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le"],
  ...["-f", "segment", "-segment_time", `${PART_SECONDS}`, "-segment_format", "wav", "part-%04d.wav"],
];

/** One part at a time, so that a long video does not send more requests at once than a short one. */
const transcribeParts = async (
  workspace: Workspace,
  transcribe: NonNullable<Deps<unknown>["transcribe"]>,
  run: Pick<Run, "signal" | "progress">,
): Promise<Transcript> => {
  const parts = (await workspace.files()).filter((name) => name.startsWith("part-")).sort();
  let language = "";
  const segments: Cue[] = [];
  for (const [index, part] of parts.entries()) {
    const wav = (await workspace.read(part)) ?? Buffer.alloc(0);
    const transcript = await transcribe(wav, run.signal);
    language ||= transcript.language;
    for (const { start, end, text } of transcript.segments)
      segments.push({ start: start + index * PART_SECONDS, end: end + index * PART_SECONDS, text });
    await run.progress((index + 1) / parts.length);
  }
  return { language, segments };
};
