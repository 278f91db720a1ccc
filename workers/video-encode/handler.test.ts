import { expect, test } from "vitest";
import { PermanentError } from "../core/index.ts";
import { encodeVideo } from "./handler.ts";
import { rendition, videoEncode } from "./job.ts";
import type { Source } from "./rendition.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";

const hd = {
  seconds: 9,
  video: { index: 0, width: 1920, height: 1080, rate: "25" },
  audio: { index: 1 },
} satisfies Source;

/** What ffmpeg writes: segments of 4, 4 and 1 seconds; a start code, then profile, constraints and level. */
const playlist = (...lengths: number[]) =>
  [
    "#EXTM3U",
    ...lengths.map((seconds) => `#EXTINF:${seconds},\n#EXT-X-BYTERANGE:${seconds * 50_000}@0\nsegments.ts`),
  ].join("\n");
const segments = Buffer.from("470000000001674d401f0000", "hex");

test("stores the segments and their playlist, and returns what a master playlist says of them", async () => {
  const { result, stored } = await perform(720);
  expect(rendition.parse(result)).toEqual({
    path: "hls/720p/playlist.m3u8",
    contentType: "application/vnd.apple.mpegurl",
    bytes: 200,
    width: 1280,
    height: 720,
    seconds: 9,
    bandwidth: 400_000,
    averageBandwidth: 400_000,
    codecs: "avc1.4d401f,mp4a.40.2",
  });
  expect(stored).toEqual({
    "hls/720p/segments.ts": "video/mp2t",
    "hls/720p/playlist.m3u8": "application/vnd.apple.mpegurl",
  });
});

test("a second run writes the same objects", async () => {
  expect((await perform(480)).stored).toEqual((await perform(480)).stored);
});

test("puts key frames where every other rendition has them", async () => {
  const { conversions } = await perform(240);
  expect(conversions[0]?.join(" ")).toContain("-g 100 -keyint_min 100 -sc_threshold 0");
  expect(conversions[0]?.join(" ")).toContain("-force_key_frames expr:gte(t,n_forced*4)");
});

test.each([
  [1080, 1920, 1080, "1920x1080"],
  [480, 1079, 481, "1076x480"],
  [240, 3840, 2160, "426x240"],
  [720, 1080, 1920, "720x1280"],
  [240, 181, 101, "180x100"],
  [240, 1, 1, "2x2"],
] as const)("makes %dp of %dx%d: %s", async (wanted, width, height, size) => {
  const { result } = await perform(wanted, { source: { ...hd, video: { ...hd.video, width, height } } });
  const made = rendition.parse(result);
  expect(`${made.width}x${made.height}`).toBe(size);
});

test.each([
  [1080, 1280, 720],
  [480, 320, 240],
])("makes no %dp of %dx%d", async (wanted, width, height) => {
  const { result, conversions } = await perform(wanted, {
    source: { ...hd, video: { ...hd.video, width, height } },
  });
  expect([result, conversions]).toEqual([`not needed: the source has ${height} lines`, []]);
});

test("a video without sound has no sound in its codecs", async () => {
  const { result, conversions } = await perform(240, { source: { ...hd, audio: undefined } });
  expect(result).toMatchObject({ codecs: "avc1.4d401f" });
  expect(conversions[0]).not.toContain("aac");
});

test.for<[string, Partial<Source> | undefined, string]>([
  ["nothing readable", undefined, "cannot be read as a video"],
  ["neither picture nor sound", { video: undefined, audio: undefined }, "cannot be read as a video"],
  ["sound alone", { video: undefined }, "sound but no picture"],
  ["hours", { seconds: 5 * 3_600 }, "longer than 4 hours"],
])("informs the user that %s is no video", async ([, change, words]) => {
  const { error, problems } = await perform(240, { source: change && { ...hd, ...change } });
  expect(error).toBeInstanceOf(PermanentError);
  expect(problems).toEqual([expect.stringContaining(words)]);
});

test("gives a file that cannot be converted a second chance, and then informs the user", async () => {
  const failing = {
    convert: () => Promise.reject(Object.assign(new Error("Invalid data"), { exitCode: 1 })),
  };
  const first = await perform(240, { ...failing, attempt: 1 });
  expect([first.error?.message, first.problems]).toEqual(["Invalid data", []]);
  const second = await perform(240, { ...failing, attempt: 2 });
  expect(second.error).toBeInstanceOf(PermanentError);
  expect(second.problems).toEqual(["The video could not be converted: it seems to be damaged."]);
});

test.each([
  ["convert", "cpu"],
  ["convert", "wall"],
  ["look", "wall"],
])("informs the user what takes too long twice: %s, by the limit %s", async (step, limit) => {
  const failing = {
    [step]: () => Promise.reject(Object.assign(new Error("stopped"), { exitCode: null, limit })),
  };
  const first = await perform(240, { ...failing, attempt: 1 });
  expect([first.error?.message, first.problems]).toEqual(["stopped", []]);
  const second = await perform(240, { ...failing, attempt: 2 });
  expect(second.error).toBeInstanceOf(PermanentError);
  expect(second.problems).toEqual(["The video takes too long to convert."]);
});

test.for<[string, Error]>([
  ["is killed", Object.assign(new Error("why"), { exitCode: null, limit: undefined })],
  ["is terminated", Object.assign(new Error("why"), { exitCode: 255 })],
  ["says too much", Object.assign(new Error("why"), { exitCode: null, limit: "output" })],
  ["is aborted", new Error("why")],
])("does not blame the file when ffmpeg %s", async ([, reason]) => {
  const { error, problems } = await perform(240, { convert: () => Promise.reject(reason), attempt: 7 });
  expect([error?.message, problems]).toEqual(["why", []]);
});

test("converts hardly more than the source claims to have", async () => {
  const limitOf = async (seconds: number | undefined) => {
    const { conversions } = await perform(240, { source: { ...hd, seconds } });
    return conversions[0]?.join(" ").match(/ -t (\d+) /)?.[1];
  };
  expect(await limitOf(9)).toBe("20");
  expect(await limitOf(14_400)).toBe("14400");
  expect(await limitOf(undefined)).toBe("14400");
});

test("informs the user when most of it cannot be read", async () => {
  expect((await perform(240, { playlist: playlist(2) })).problems).toEqual([
    "The video is damaged: only 2 of its 9 seconds can be read.",
  ]);
  expect((await perform(240, { playlist: undefined })).problems).toEqual([
    "The video could not be converted: it seems to be damaged.",
  ]);
});

test("finds the peak among runs of segments that are long enough", async () => {
  const lengths =
    "#EXTINF:4,\n#EXT-X-BYTERANGE:100@0\n#EXTINF:4,\n#EXT-X-BYTERANGE:400@100\n#EXTINF:0.1,\n#EXT-X-BYTERANGE:100@500\n";
  const { result } = await perform(240, { source: { ...hd, seconds: 8 }, playlist: lengths });
  // 500 bytes in 4.1 s; the 0.1 s alone do not count.
  expect(result).toMatchObject({ bandwidth: 976, averageBandwidth: 593 });
});

test("reports how far it is, one word at a time", async () => {
  expect((await perform(240)).told).toEqual([0.5]);
});

test("skips an upload that is gone", async () => {
  const { result, conversions } = await perform(240, { gone: true });
  expect([result, conversions]).toEqual(["skipped: the upload is gone", []]);
});

interface Change {
  source?: Source | undefined;
  look?: () => Promise<void>;
  convert?: () => Promise<void>;
  playlist?: string | undefined;
  attempt?: number;
  gone?: boolean;
}

const perform = async (height: number, change: Change = {}) => {
  const problems: string[] = [];
  const conversions: string[][] = [];
  const stored: Record<string, string> = {};
  const told: unknown[] = [];
  const {
    source,
    playlist: written,
    attempt,
    gone,
  } = {
    ...{ source: hd, playlist: playlist(4, 4, 1), attempt: 1, gone: false },
    ...change,
  };
  const handler = encodeVideo({
    findUpload: async () => (gone ? null : {}),
    refuse: async (_id, problem) => void problems.push(problem),
    inWorkspace: async (_id, _signal, work) => {
      await change.look?.();
      return work({
        source,
        convert: async ({ output, onProgress }) => {
          conversions.push(output);
          onProgress(4.5);
          onProgress(9);
          await change.convert?.();
        },
        read: async (file) =>
          file === "segments.ts" ? segments : written === undefined ? undefined : Buffer.from(written),
        store: async (_file, path, contentType) => {
          stored[path] = contentType;
          return { path, contentType, bytes: 100 };
        },
      });
    },
  });
  const run = {
    attempt,
    signal: new AbortController().signal,
    progress: async (value: unknown) => void told.push(value),
  };
  const payload = videoEncode.payload.parse({ uploadId, height });
  const settled = await handler(payload, run).then(
    (result) => ({ result, error: undefined }),
    (error: Error) => ({ result: undefined, error }),
  );
  return { ...settled, problems, conversions, stored, told };
};
