import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  describeWithFfmpeg,
  inspect,
  makeMedia,
  needsSegmentProbe,
  picture,
  sound,
} from "../support/media/media.ts";
import { encodeAll, type Outcome } from "../support/media/video-work.ts";

// Valid and invalid files, processed by the real ffmpeg.

let folder: string;
let hd: Outcome;
const encode = (name: string) => encodeAll(join(folder, name), join(folder, `${name}-made`));

const sizes = ({ video }: Outcome) => video?.renditions.map(({ width, height }) => `${width}x${height}`);

interface Packet {
  pts_time: string;
  flags: string;
}

const keyFrames = async ({ folder: made, video }: Outcome) =>
  Promise.all(
    (video?.renditions ?? []).map(async ({ path }) => {
      const segments = join(made, path.replace("playlist.m3u8", "segments.ts"));
      const { packets } = await inspect(
        segments,
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pts_time,flags",
      );
      const times = (packets as Packet[])
        .filter(({ flags }) => flags.startsWith("K"))
        .map(({ pts_time }) => pts_time);
      return times.map((time) => Math.round((Number(time) - Number(times[0])) * 1_000) / 1_000);
    }),
  );

(await describeWithFfmpeg())("a video", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "offstage-test-sources-"));
    vi.stubEnv("TMPDIR", folder);
    await makeMedia(folder, "hd.mp4", [...picture(5, "1280x720"), ...sound(5)]);
    hd = await encode("hd.mp4");
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  test("gets every rendition up to its own size, with key frames at the same times", async (context) => {
    await needsSegmentProbe(context);
    expect(hd.problems).toEqual([]);
    expect(sizes(hd)).toEqual(["1280x720", "854x480", "426x240"]);
    expect(await keyFrames(hd)).toEqual([
      [0, 4],
      [0, 4],
      [0, 4],
    ]);
    expect(hd.video).toMatchObject({ width: 1280, height: 720, seconds: expect.closeTo(5, 0) });
  });

  test("has a master playlist that describes each rendition", async (context) => {
    await needsSegmentProbe(context);
    const { video, folder: made } = hd;
    const { programs } = await inspect(join(made, "hls/master.m3u8"), "-show_programs");
    expect(programs).toHaveLength(3);
    for (const each of video!.renditions) {
      const path = join(made, each.path);
      const { streams } = await inspect(path, "-show_streams");
      expect(streams).toMatchObject([
        { codec_name: "h264", profile: "High", width: each.width, height: each.height },
        { codec_name: "aac", profile: "LC", sample_rate: "48000", channels: 2 },
      ]);
      const level = (streams[0].level as number).toString(16).padStart(2, "0");
      expect(each.codecs).toBe(`avc1.6400${level},mp4a.40.2`);
      const bytes = (await readFile(path.replace("playlist.m3u8", "segments.ts"))).length;
      expect(each.averageBandwidth).toBe(Math.ceil((bytes * 8) / each.seconds));
      expect(each.bandwidth).toBeGreaterThanOrEqual(each.averageBandwidth);
      const playlist = await readFile(path, "utf8");
      expect(playlist.match(/#EXT-X-BYTERANGE/g)).toHaveLength(2);
      expect(playlist).toContain("#EXT-X-ENDLIST");
    }
  });

  describe("a source", () => {
    const make = async (name: string, inputs: readonly string[], options: readonly string[] = []) => {
      await makeMedia(folder, name, inputs, options);
      const outcome = await encode(name);
      expect(outcome.problems).toEqual([]);
      return outcome;
    };

    test("without audio", async () => {
      const outcome = await make("silent.webm", picture(1));
      expect(outcome.video?.renditions[0]?.codecs).toMatch(/^avc1\.6400..$/);
    });

    test("with a variable frame rate has key frames at regular intervals", async (context) => {
      await needsSegmentProbe(context);
      const uneven = ["-vf", "scale=640:480,select='not(mod(n,7))+not(mod(n,3))'", "-vsync", "vfr"];
      const outcome = await make("uneven.mkv", [...picture(5, "320x240", 60), ...sound(5)], uneven);
      expect(sizes(outcome)).toEqual(["640x480", "320x240"]);
      expect(await keyFrames(outcome)).toEqual([
        [0, 4],
        [0, 4],
      ]);
    });

    test("in portrait orientation keeps it", async (context) => {
      await needsSegmentProbe(context);
      await makeMedia(folder, "landscape.mp4", picture(1, "640x360"));
      const landscape = ["-i", join(folder, "landscape.mp4")];
      const outcome = await make("upright.mov", landscape, ["-c", "copy", "-metadata:s:v", "rotate=90"]);
      expect(sizes(outcome)).toEqual(["360x640", "240x426"]);
      const { streams } = await inspect(join(outcome.folder, "hls/360p/playlist.m3u8"), "-show_streams");
      expect(streams[0]).toMatchObject({ width: 360, height: 640 });
    });

    test("of odd size gets an even size", async () => {
      const outcome = await make("odd.webm", picture(1, "333x251"));
      expect(sizes(outcome)).toEqual(["332x250"]);
      expect(sizes(await make("tiny.webm", picture(0.4, "3x2")))).toEqual(["2x2"]);
    });

    test("of 0.2 seconds", async (context) => {
      await needsSegmentProbe(context);
      const outcome = await make("blink.mp4", [...picture(0.2), ...sound(0.2)]);
      expect(outcome.video?.seconds).toBeCloseTo(0.2, 1);
      expect(await keyFrames(outcome)).toEqual([[0]]);
    });

    test("with a still picture before the video is encoded from the video", async () => {
      const still = await makeMedia(folder, "still.jpg", picture(0.1, "640x480"), ["-frames:v", "1"]);
      const both = ["-map", "0", "-map", "1", "-c:v:0", "copy"];
      const outcome = await make("still.mkv", ["-i", still, ...picture(1)], both);
      expect(sizes(outcome)).toEqual(["320x240"]);
    });

    test("whose video starts late", async (context) => {
      await needsSegmentProbe(context);
      const late = ["-itsoffset", "1.5", ...picture(6), ...sound(8)];
      const outcome = await make("late.mp4", late);
      expect(await keyFrames(outcome)).toEqual([[0, 4]]);
      expect(outcome.video?.seconds).toBeCloseTo(8, 0);
    });
  });

  test("with audio far longer than its declared length is cut", async (context) => {
    await needsSegmentProbe(context);
    const path = await makeMedia(folder, "endless.mkv", [...picture(1), ...sound(60)]);
    const content = await readFile(path);
    // Matroska's Duration, a double of milliseconds.
    content.writeDoubleBE(1_000, content.indexOf(Buffer.from("448988", "hex")) + 3);
    await writeFile(path, content);
    const { problems, video, folder: made } = await encode("endless.mkv");
    expect([problems, video?.seconds]).toEqual([[], expect.closeTo(1, 0)]);
    const { format } = await inspect(join(made, "hls/240p/segments.ts"), "-show_format");
    expect(Number(format.duration)).toBeLessThan(13);
  });

  describe("is rejected with a problem:", () => {
    test.for<[string, (path: string) => Promise<unknown>, string]>([
      ["audio alone", () => makeMedia(folder, "input.mp4", sound(1)), "audio but no video"],
      ["an empty file", (path) => writeFile(path, ""), "cannot be read as a video"],
      ["noise", (path) => writeFile(path, Buffer.alloc(50_000, "noise")), "cannot be read as a video"],
      [
        "a playlist of a local file",
        (path) => writeFile(path, `#EXTM3U\n#EXTINF:1,\nfile://${join(folder, "hd.mp4")}\n`),
        "cannot be read as a video",
      ],
      [
        "the first half of a file",
        async (path) => {
          await makeMedia(folder, "input.mp4", picture(9), ["-movflags", "+faststart"]);
          await truncate(path, Math.floor((await readFile(path)).length / 2));
        },
        "seconds can be read.",
      ],
      [
        "a file without its end",
        async (path) => {
          await makeMedia(folder, "input.mp4", picture(2));
          await truncate(path, Math.floor((await readFile(path)).length / 2));
        },
        "cannot be read as a video",
      ],
      [
        "a header followed by garbage",
        async (path) => {
          await makeMedia(folder, "input.mp4", picture(2), ["-movflags", "+faststart"]);
          const content = await readFile(path);
          const start = content.indexOf("mdat") + 4;
          content.fill("garbage", start);
          await writeFile(path, content);
        },
        "damaged",
      ],
    ])("%s", async ([, make, words]) => {
      await make(join(folder, "input.mp4"));
      const { problems, results } = await encode("input.mp4");
      expect(problems.length).toBeGreaterThan(0);
      expect(problems[0]).toContain(words);
      expect(results.some((result) => (result as Error).name === "PermanentError")).toBe(true);
    });
  });

  test("leaves no temporary folder", async () => {
    expect((await readdir(folder)).filter((name) => name.startsWith("offstage-media"))).toEqual([]);
  });
});
