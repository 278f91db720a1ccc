import { expect, test } from "vitest";
import { PermanentError } from "../core/index.ts";
import { encodeVideo } from "./handler.ts";
import { rendition, renditionHeights, videoEncode } from "./job.ts";
import type { Source } from "./rendition.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";

const hd = {
  seconds: 9,
  video: { index: 0, width: 1920, height: 1080 },
  audio: [{}],
} satisfies Source;

/** The output of ffmpeg: a playlist, and segments that begin with a start code, profile, constraints and level. */
const playlist = (...lengths: number[]) =>
  [
    "#EXTM3U",
    ...lengths.map((seconds) => `#EXTINF:${seconds},\n#EXT-X-BYTERANGE:${seconds * 50_000}@0\nsegments.ts`),
  ].join("\n");
const segments = Buffer.from("470000000001674d401f0000", "hex");

test("stores the segments and their playlist, and returns their entry in the master playlist", async () => {
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
    frameRate: 25,
  });
  expect(stored).toEqual({
    "hls/720p/segments.ts": "video/mp2t",
    "hls/720p/playlist.m3u8": "application/vnd.apple.mpegurl",
  });
});

test("a second run writes the same objects", async () => {
  expect((await perform(480)).stored).toEqual((await perform(480)).stored);
});

test("places key frames at the same times in all renditions", async () => {
  const { conversions } = await perform(240);
  expect(conversions[0]?.join(" ")).toContain("-g 100 -keyint_min 100 -sc_threshold 0");
  expect(conversions[0]?.join(" ")).toContain("-force_key_frames expr:gte(t,n_forced*4)");
});

test.each([
  ["1920x1080", ["1920x1080", "1280x720", "854x480", "426x240"]],
  ["3840x2160", ["1920x1080", "1280x720", "854x480", "426x240"]],
  ["1080x1920", ["1080x1920", "720x1280", "480x854", "240x426"]],
  ["641x361", ["640x360", "426x240"]],
  ["360x640", ["360x640", "240x426"]],
  ["2560x1072", ["2560x1072", "1720x720", "1146x480", "574x240"]],
  ["1244x700", ["1244x700", "854x480", "426x240"]],
  ["1298x730", ["1298x730", "854x480", "426x240"]],
  ["320x240", ["320x240"]],
  ["444x250", ["444x250"]],
  ["181x101", ["180x100"]],
  ["8192x16", ["4096x8"]],
  ["1x1", ["2x2"]],
])("encodes %s as %j", async (source, sizes) => {
  const [width = 0, height = 0] = source.split("x").map(Number);
  const made = [];
  for (const wanted of renditionHeights) {
    const { result } = await perform(wanted, { source: { ...hd, video: { ...hd.video, width, height } } });
    made.push(typeof result === "object" ? `${result.width}x${result.height}` : result);
  }
  const skipped = `skipped: the source has ${Math.min(width, height)} lines`;
  expect(made.filter((each) => each !== skipped)).toEqual(sizes);
});

test("the maximum bit rate grows with the number of pixels", async () => {
  const rateOf = async (height: number, width = 1_920, lines = 1_080) => {
    const source = { ...hd, video: { ...hd.video, width, height: lines } };
    const { conversions } = await perform(height, { source });
    return Number(/-maxrate (\d+)k/.exec(conversions[0]?.join(" ") ?? "")?.[1]);
  };
  expect([await rateOf(1080), await rateOf(240)]).toEqual([5_000, 500]);
  expect(await rateOf(480, 640, 360)).toBeGreaterThan(await rateOf(240, 640, 360));
  expect(await rateOf(240, 2, 2)).toBe(100);
});

test("a video without audio has no audio codec", async () => {
  const { result, conversions } = await perform(240, { source: { ...hd, audio: [] } });
  expect(result).toMatchObject({ codecs: "avc1.4d401f" });
  expect(result).not.toHaveProperty("isMute");
  expect(conversions[0]).not.toContain("aac");
});

test("audio that cannot be decoded is left out, and reported", async () => {
  const { result, conversions } = await perform(240, { sound: undefined });
  expect(result).toMatchObject({ codecs: "avc1.4d401f", isMute: true });
  expect(conversions[0]).not.toContain("aac");
});

test("the codecs are those of the output", async () => {
  const { result } = await perform(240, {
    inspected: { video: { ...hd.video, rate: "24000/1001" }, audio: [] },
  });
  expect(result).toMatchObject({ ...{ width: 1_920, height: 1_080 }, codecs: "avc1.4d401f", isMute: true });
  expect(rendition.parse(result).frameRate).toBeCloseTo(23.976, 3);
  expect((await perform(240, { inspected: { video: undefined, audio: [] } })).problems).toHaveLength(1);
});

test.for<[string, Partial<Source> | undefined, string]>([
  ["an unreadable file", undefined, "cannot be read as a video"],
  ["a file without streams", { video: undefined, audio: [] }, "cannot be read as a video"],
  ["audio alone", { video: undefined }, "audio but no video"],
  ["a file of five hours", { seconds: 5 * 3_600 }, "longer than 4 hours"],
])("rejects %s", async ([, change, words]) => {
  const { error, problems } = await perform(240, { source: change && { ...hd, ...change } });
  expect(error).toBeInstanceOf(PermanentError);
  expect(problems).toEqual([expect.stringContaining(words)]);
});

test("rejects a file after the second failed conversion", async () => {
  const failing = {
    convert: () => Promise.reject(Object.assign(new Error("Invalid data"), { exitCode: 1 })),
  };
  const first = await perform(240, { ...failing, attempt: 1 });
  expect([first.error?.message, first.problems]).toEqual(["Invalid data", []]);
  const second = await perform(240, { ...failing, attempt: 2 });
  expect(second.error).toBeInstanceOf(PermanentError);
  expect(second.problems).toEqual(["The video could not be converted. It may be damaged."]);
});

test.each([
  ["convert", "cpu"],
  ["convert", "wall"],
  ["probe", "wall"],
])("rejects a file after the second time that %s exceeds the %s limit", async (step, limit) => {
  const failing = {
    [step]: () => Promise.reject(Object.assign(new Error("stopped"), { exitCode: null, limit })),
  };
  const first = await perform(240, { ...failing, attempt: 1 });
  expect([first.error?.message, first.problems]).toEqual(["stopped", []]);
  const second = await perform(240, { ...failing, attempt: 2 });
  expect(second.error).toBeInstanceOf(PermanentError);
  expect(second.problems).toEqual(["The video took too long to convert."]);
});

test.for<[string, Error]>([
  ["is killed", Object.assign(new Error("why"), { exitCode: null, limit: undefined })],
  ["is terminated", Object.assign(new Error("why"), { exitCode: 255 })],
  ["writes too much output", Object.assign(new Error("why"), { exitCode: null, limit: "output" })],
  ["is aborted", new Error("why")],
])("does not reject the file when ffmpeg %s", async ([, reason]) => {
  const { error, problems } = await perform(240, { convert: () => Promise.reject(reason), attempt: 7 });
  expect([error?.message, problems]).toEqual(["why", []]);
});

test("converts little more than the declared length", async () => {
  const limitOf = async (seconds: number | undefined) => {
    const { conversions } = await perform(240, { source: { ...hd, seconds } });
    return conversions[0]?.join(" ").match(/ -t (\d+) /)?.[1];
  };
  expect(await limitOf(9)).toBe("20");
  expect(await limitOf(14_400)).toBe("14400");
  expect(await limitOf(undefined)).toBe("14400");
});

test("rejects a file when most of it cannot be read", async () => {
  expect((await perform(240, { playlist: playlist(2) })).problems).toEqual([
    "The video is damaged: only 2 of its 9 seconds can be read.",
  ]);
  expect((await perform(240, { playlist: undefined })).problems).toEqual([
    "The video could not be converted. It may be damaged.",
  ]);
});

test("ignores segments that are too short for the peak bit rate", async () => {
  const lengths =
    "#EXTINF:4,\n#EXT-X-BYTERANGE:100@0\n#EXTINF:4,\n#EXT-X-BYTERANGE:400@100\n#EXTINF:0.1,\n#EXT-X-BYTERANGE:100@500\n";
  const { result } = await perform(240, { source: { ...hd, seconds: 8 }, playlist: lengths });
  // 500 bytes in 4.1 s. The 0.1 s alone are not counted.
  expect(result).toMatchObject({ bandwidth: 976, averageBandwidth: 593 });
});

test("reports progress, one report at a time", async () => {
  expect((await perform(240)).reported).toEqual([0.5]);
});

test("skips a deleted upload", async () => {
  const { result, conversions } = await perform(240, { isDeleted: true });
  expect([result, conversions]).toEqual(["skipped: the upload no longer exists", []]);
});

interface Change {
  sound?: { index: number; filter: string } | undefined;
  inspected?: { video: (typeof hd.video & { rate: string }) | undefined; audio: object[] };
  source?: Source | undefined;
  probe?: () => Promise<void>;
  convert?: () => Promise<void>;
  playlist?: string | undefined;
  attempt?: number;
  isDeleted?: boolean;
}

const perform = async (height: number, change: Change = {}) => {
  const problems: string[] = [];
  const conversions: string[][] = [];
  const stored: Record<string, string> = {};
  const reported: unknown[] = [];
  let size = { width: 0, height: 0 };
  const {
    source,
    sound,
    playlist: written,
    attempt,
    isDeleted,
  } = {
    ...{ source: hd, sound: { index: 1, filter: "anull" } },
    ...{ playlist: playlist(4, 4, 1), attempt: 1, isDeleted: false },
    ...change,
  };
  const handler = encodeVideo({
    findUpload: async () => (isDeleted ? null : {}),
    reject: async (_id, problem) => void problems.push(problem),
    inWorkspace: async (_id, _signal, work) => {
      await change.probe?.();
      return work({
        source,
        picture: async (wanted) => {
          size = wanted;
          return { filters: [`scale=${wanted.width}:${wanted.height}`], options: [], rate: "25" };
        },
        sound: async () => (source?.audio.length ? sound : undefined),
        inspect: async () => {
          const audio = source?.audio.length && sound ? [{}] : [];
          const made = change.inspected ?? { video: { index: 0, ...size, rate: "25" }, audio };
          return { seconds: 9, ...made };
        },
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
    progress: async (value: unknown) => void reported.push(value),
  };
  const payload = videoEncode.payload.parse({ uploadId, height });
  const settled = await handler(payload, run).then(
    (result) => ({ result, error: undefined }),
    (error: Error) => ({ result: undefined, error }),
  );
  return { ...settled, problems, conversions, stored, reported };
};
