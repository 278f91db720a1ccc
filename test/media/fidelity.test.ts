import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createFfmpeg } from "../../infra/media/ffmpeg.ts";
import { createInWorkspace } from "../../infra/media/workspace.ts";
import { extractPoster } from "../../workers/video-thumbnails/handler.ts";
import { allBinaries, describeWithFfmpeg, makeMedia, picture } from "../support/media/media.ts";
import { combing, luminance, pixelOf } from "../support/media/pixels.ts";
import { encodeAll } from "../support/media/video-work.ts";

// Whether renditions and posters look and sound like their source, with each ffmpeg that the project may use.

const uploadId = "01932b5e-0000-7000-8000-000000000001";
const signal = new AbortController().signal;
const encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "10"];
const DECLARED_INTERLACED = ["-flags", "+ildct+ilme", "-x264-params", "tff=1"];
let folder: string;

/** Vertical stripes that move: even in each line of a frame, and jagged where two fields are mixed. */
const stripes = (rate: number | string) =>
  `color=gray:size=320x240:rate=${rate}:duration=1,geq=lum='if(lt(mod(X+N*6,48),24),50,200)':cb=128:cr=128`;

/** The colour (40, 160, 60) in a matrix, as `size`, with what the file declares. */
const film = (name: string, size: string, matrix: string, declared: string[] = [], pixels = "yuv420p") => {
  const range = pixels === "yuvj420p" ? "pc" : "tv";
  const filter = `format=rgb24,scale=out_color_matrix=${matrix}:out_range=${range},format=${pixels}`;
  const source = `color=0x28A03C:size=${size}:rate=5:duration=0.4`;
  return makeMedia(folder, name, ["-f", "lavfi", "-i", source], ["-vf", filter, ...encoder, ...declared]);
};

const declared = (matrix: string, primaries = matrix, transfer = matrix) => [
  ...["-colorspace", matrix, "-color_primaries", primaries, "-color_trc", transfer],
];

await describeWithFfmpeg();
const builds = await allBinaries();

describe.each(builds)("with $ffmpeg, a video", (programs) => {
  // The last one is the oldest. The others take the first case of each kind, because a start takes them long.
  const isOldest = programs === builds.at(-1);
  const casesOf = <Case>(cases: Case[]) => (isOldest ? cases : cases.slice(0, 1));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "offstage-test-fidelity-"));
    vi.stubEnv("TMPDIR", folder);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const ffmpeg = createFfmpeg(programs);

  /** The renditions of a file, each with the streams of its segments. */
  const renditionsOf = async (path: string) => {
    const { problems, video, folder: made } = await encodeAll(path, `${path}-made`, { programs });
    expect(problems).toEqual([]);
    const streams = [];
    for (const rendition of video!.renditions) {
      const segments = rendition.path.replace("playlist.m3u8", "segments.ts");
      const probe = (await ffmpeg.inspect(made, segments, signal))!;
      streams.push({ ...rendition, ...probe, video: probe.video!, segments: join(made, segments) });
    }
    return streams;
  };

  /** Its poster in the middle. */
  const posterOf = async (path: string, seconds: number) => {
    let poster: Buffer | undefined;
    const write = async (_key: string, body: NodeJS.ReadableStream) => {
      const parts: Buffer[] = [];
      for await (const part of body) parts.push(part as Buffer);
      poster = Buffer.concat(parts);
    };
    const storage = { read: async () => createReadStream(path), write };
    const inWorkspace = createInWorkspace(storage, ffmpeg);
    await extractPoster({ findUpload: async () => ({ seconds }), inWorkspace })(
      { uploadId, number: 2 },
      { signal },
    );
    return poster!;
  };

  test.for(
    casesOf<[string, () => Promise<string>, string]>([
      ["tagged", () => film("tagged.mp4", "640x360", "bt709", declared("bt709")), "bt709"],
      ["untagged and large", () => film("untagged.mp4", "1280x32", "bt709"), "bt709"],
      ["untagged and small", () => film("small.mp4", "320x180", "bt601"), "smpte170m"],
      [
        "in full range",
        () => film("full.mp4", "320x180", "bt601", declared("smpte170m"), "yuvj420p"),
        "smpte170m",
      ],
      ["with an odd matrix", () => film("odd.mkv", "320x180", "smpte240m", declared("smpte240m")), "bt709"],
    ]),
  )("%s has the colours of its source", async ([, make, matrix]) => {
    const path = await make();
    for (const { video, segments } of await renditionsOf(path)) {
      const { colours } = video;
      expect(colours).toMatchObject({ pixels: "yuv420p", range: "tv", matrix });
      expect([colours.primaries, colours.transfer]).not.toContain("unknown");
      expectGreen(await pixelOf(programs, segments, colours));
    }
    const { data } = await sharp(await posterOf(path, 0.4))
      .resize(1, 1)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expectGreen([...data]);
  });

  test.for(
    casesOf<[string, string, string, string]>([
      ["interlaced", stripes(50), "interlace=scan=tff", "25"],
      ["interlaced and declared progressive", stripes(50), "interlace=scan=bff", "25"],
      ["telecined", stripes("24000/1001"), "telecine", "24000/1001"],
    ]),
  )("%s becomes progressive", async ([name, source, filter, rate]) => {
    const flags = name === "interlaced" ? DECLARED_INTERLACED : [];
    const options = ["-vf", `${filter},format=yuv420p`, ...encoder, ...flags];
    const path = await makeMedia(folder, `${name}.mp4`, ["-f", "lavfi", "-i", source], options);
    expect(combing(await luminance(programs, path), 320)).toBeGreaterThan(5);
    const renditions = await renditionsOf(path);
    expect(renditions).toMatchObject([{ height: 240, video: { rate, isInterlaced: false } }]);
    expect(combing(await luminance(programs, renditions[0]!.segments), 320)).toBeLessThan(2);
    await writeFile(join(folder, "poster.jpg"), await posterOf(path, 1));
    expect(combing(await luminance(programs, join(folder, "poster.jpg")), 320)).toBeLessThan(2);
  });

  const samples = (channels: number, file: string) => [
    "-f",
    "s16le",
    "-ar",
    "8000",
    "-ac",
    `${channels}`,
    "-i",
    file,
  ];
  const empty = samples(2, "/dev/null");
  const tone = ["-f", "lavfi", "-i", "sine=duration=0.4"];

  test.for(
    casesOf<[string, () => string[], { audio: object[]; isMute?: boolean }]>([
      [
        "in 12 channels without a layout",
        () => samples(12, join(folder, "samples")),
        { audio: [{ channels: 2 }] },
      ],
      ["without packets", () => empty, { audio: [], isMute: true }],
      ["in two tracks, one of which is empty,", () => [...empty, ...tone], { audio: [{ channels: 2 }] }],
    ]),
  )("with audio %s has sound if there is any, and says so", async ([, inputs, expected]) => {
    await writeFile(join(folder, "samples"), Buffer.alloc(100_000, "sound"));
    const tracks = inputs()
      .filter((word) => word === "-i")
      .map((_, index) => ["-map", `${index + 1}`]);
    const options = ["-map", "0", ...tracks.flat(), ...encoder, "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"];
    const path = await makeMedia(folder, "sound.mkv", [...picture(0.4, "64x48"), ...inputs()], options);
    const [rendition] = await renditionsOf(path);
    const codecs = expected.isMute ? /^avc1\.\w{6}$/ : /,mp4a\.40\.2$/;
    expect(rendition).toMatchObject({ ...expected, codecs: expect.stringMatching(codecs) });
  });

  if (!isOldest) return;

  test("in HDR becomes SDR: white of 203 cd/m² stays below the brightest value", async () => {
    const grey = ["-f", "lavfi", "-i", "color=black:size=320x180:rate=5:duration=0.4"];
    // The code value of 203 cd/m² in 10 bits of PQ (ITU-R BT.2408, table 1: 58 %).
    const hdr = ["-vf", "format=yuv420p10le,geq=lum=572:cb=512:cr=512", "-c:v", "ffv1"];
    const options = [...hdr, ...declared("bt2020nc", "bt2020", "smpte2084")];
    const [rendition] = await renditionsOf(await makeMedia(folder, "hdr.mkv", grey, options));
    expect(rendition?.video.colours).toMatchObject({
      matrix: "bt709",
      primaries: "bt709",
      transfer: "bt709",
    });
    for (const value of await pixelOf(programs, rendition!.segments, rendition!.video.colours))
      expect(Math.abs(value - 215)).toBeLessThan(8);
  });

  test("progressive and declared interlaced keeps its lines", async () => {
    const linesOf = async (name: string, flags: string[]) => {
      const options = [...encoder, "-pix_fmt", "yuv420p", ...flags];
      const [made] = await renditionsOf(await makeMedia(folder, name, picture(0.6, "320x240"), options));
      expect(made?.video).toMatchObject({ rate: "25", isInterlaced: false });
      // The first frames are not classified yet.
      return combing(await luminance(programs, made!.segments, 10), 320);
    };
    const declaredLines = await linesOf("declared.mp4", DECLARED_INTERLACED);
    expect(declaredLines / (await linesOf("plain.mp4", []))).toBeCloseTo(1, 1);
  });
});

const expectGreen = (pixel: readonly number[]) => {
  const distance = [40, 160, 60].map((value, channel) => Math.abs(value - (pixel[channel] ?? 0)));
  expect(Math.max(...distance), `the colour is ${pixel.join(", ")}`).toBeLessThan(8);
};
