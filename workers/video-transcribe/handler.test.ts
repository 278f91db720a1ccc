import { expect, test } from "vitest";
import { PermanentError, RateLimitedError } from "../core/index.ts";
import { transcribeVideo } from "./handler.ts";
import type { Deps, Transcript } from "./handler.ts";
import { videoTranscribe } from "./job.ts";
import { languageTag } from "./language.ts";
import { webVtt } from "./webvtt.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";
const hello: Transcript = {
  language: "english",
  segments: [{ start: 0.5, end: 2, text: " Hello <b> & all" }],
};

test("stores the transcript as WebVTT with its playlist", async () => {
  const { result, stored, saved } = await perform({});
  expect(result).toBe("created subtitles in en (segments: 1)");
  expect(stored).toEqual({
    "hls/subtitles/en.vtt": `WEBVTT
X-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.000

00:00:00.500 --> 00:00:02.000
Hello &lt;b&gt; &amp; all
`,
    "hls/subtitles/en.m3u8": `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:10
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:9.500,
en.vtt
#EXT-X-ENDLIST
`,
  });
  expect(saved).toEqual([["hls/subtitles/en.vtt", "hls/subtitles/en.m3u8", null]]);
});

test("transcribes long audio in parts", async () => {
  const { stored, reported } = await perform({ parts: ["part-0000.wav", "part-0001.wav"], seconds: 700 });
  expect(stored["hls/subtitles/en.vtt"]).toContain("00:10:00.500 --> 00:10:02.000");
  expect(reported).toEqual([0.5, 1]);
});

test("transcribes no more audio than the video's length", async () => {
  expect((await perform({ seconds: 9.5 })).conversions.join(" ")).toContain(" -t 10 ");
  expect((await perform({ seconds: null })).conversions.join(" ")).toContain(" -t 14400 ");
});

test("publishes a published video again", async () => {
  expect((await perform({})).enqueued).toEqual([]);
  expect((await perform({ isPublished: true })).enqueued).toEqual(["video-publish"]);
});

test.for<[string, Parameters<typeof perform>[0]]>([
  ["the video has no audio", { audio: [] }],
  ["no speech was detected", { transcribe: async () => ({ language: "english", segments: [] }) }],
  ["no transcription service is configured", { transcribe: undefined }],
])("adds a note with the reason: %s", async ([reason, change]) => {
  const { result, saved, enqueued } = await perform({ ...change, isPublished: true });
  expect(result).toBe(`no subtitles: ${reason}`);
  expect([saved, enqueued]).toEqual([[[`No subtitles: ${reason}.`]], []]);
});

test("adds a note about the missing sound when the audio cannot be decoded", async () => {
  const note = "No sound and no subtitles: the audio cannot be decoded.";
  expect(await perform({ isMute: true })).toMatchObject({ saved: [[note]], conversions: [] });
  expect(await perform({ isMute: true, transcribe: undefined })).toMatchObject({ saved: [[note]] });
  // Enqueued by an earlier version.
  expect(await perform({ sound: undefined })).toMatchObject({ saved: [[note]], conversions: [] });
});

test("classifies the provider's responses", async () => {
  const responding = (status: number, completedAt = new Date(), retryAfter?: number) => {
    const error = Object.assign(new Error(`responded with ${status}`), { status, retryAfter });
    return perform({ transcribe: () => Promise.reject(error), completedAt });
  };
  for (const status of [400, 413, 415, 422]) await expect(responding(status)).rejects.toThrow(PermanentError);
  for (const status of [401, 403, 500, 503])
    await expect(responding(status)).rejects.toThrow(`responded with ${status}`);
  await expect(responding(429)).rejects.toMatchObject({ ms: 5_000 });
  await expect(responding(429, new Date(), 1_500)).rejects.toMatchObject({ ms: 1_500 });
  await expect(responding(429, new Date(), 9_999_999)).rejects.toMatchObject({ ms: 60_000 });
  // A video does not wait forever for a provider that asks for pauses.
  await expect(responding(429, new Date(0))).rejects.not.toThrow(RateLimitedError);
});

test("skips a deleted upload", async () => {
  expect((await perform({ isDeleted: true })).result).toBe("skipped: the upload no longer exists");
});

test("orders cues, keeps them within the video and escapes their text", () => {
  const cue = (start: number, end: number, text: string) => ({ start, end, text });
  expect(webVtt([cue(9, 99, "last"), cue(3_661.0004, 3_662, "past"), cue(-1, 2, "first")], 10)).toBe(
    "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.000\n\n00:00:00.000 --> 00:00:02.000\nfirst\n\n00:00:09.000 --> 00:00:10.000\nlast\n",
  );
  expect(webVtt([cue(0, 1, "a\n\n00:00 --> 00:01\r\u2028b\u0000\ud800")], 10)).toContain(
    "\na 00:00 --&gt; 00:01 b \ufffd\n",
  );
  expect(webVtt([cue(1, 1, "no time"), cue(1, 2, " \n ")], 10)).toBeUndefined();
  expect(webVtt([cue(36_610.0004, 36_612.9996, "late")], 99_999)).toContain("10:10:10.000 --> 10:10:13.000");
});

test.each([
  ["english", "en"],
  ["en", "en"],
  ["Polish", "pl"],
  ["klingon-ish", "und"],
  ["zz", "und"],
  ["", "und"],
])("%j is %s", (language, tag) => {
  expect(languageTag(language)).toBe(tag);
});

interface Change {
  parts?: string[];
  seconds?: number | null;
  audio?: object[];
  sound?: { index: number; filter: string } | undefined;
  isMute?: boolean;
  transcribe?: Deps<string>["transcribe"];
  isPublished?: boolean;
  completedAt?: Date;
  isDeleted?: boolean;
}

const perform = async (change: Change) => {
  const files: Record<string, string> = {};
  const stored: Record<string, string> = {};
  const saved: (string | null)[][] = [];
  const enqueued: string[] = [];
  const reported: unknown[] = [];
  const conversions: string[] = [];
  const { parts, seconds, audio, sound, isMute, transcribe, isPublished, completedAt, isDeleted } = {
    ...{
      parts: ["part-0000.wav"],
      seconds: 9.5,
      audio: [{}],
      isMute: false,
      isPublished: false,
      isDeleted: false,
    },
    ...{ sound: { index: 1, filter: "anull" }, transcribe: async () => hello, completedAt: new Date() },
    ...change,
  };
  const handler = transcribeVideo<string>({
    findUpload: async () => (isDeleted ? null : { seconds, completedAt }),
    transcribe,
    inWorkspace: (_id, _signal, work) =>
      work({
        source: { audio },
        sound: async () => sound,
        convert: async ({ output }) => void conversions.push(...output),
        files: async () => ["source", ...parts],
        read: async () => Buffer.from("wav"),
        write: async (file, text) => void (files[file] = text),
        store: async (file, path, contentType) => {
          stored[path] = files[file] ?? "";
          return { path, contentType, bytes: 1 };
        },
      }),
    saveSubtitles: async (tx, _id, found, note) => {
      expect(tx).toBe("tx");
      saved.push([...found.map(({ path }) => path), note]);
      return isPublished;
    },
  });
  const result = await handler(videoTranscribe.payload.parse({ uploadId, ...(isMute && { isMute }) }), {
    signal: new AbortController().signal,
    progress: async (value) => void reported.push(value),
    enqueue: (job) => void enqueued.push(job.name),
    complete: (effect) => effect("tx"),
  });
  return { result, stored, saved, enqueued, reported, conversions };
};
