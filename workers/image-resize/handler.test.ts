import sharp from "sharp";
import { describe, expect, test } from "vitest";
import {
  blankPng,
  colourScansJpeg,
  colours,
  cornersOf,
  heic,
  heicOfSize,
  htmlJpeg,
  jpegOfSize,
  longGif,
  manyScansJpeg,
  phonePhoto,
  quarters,
  textBombPng,
} from "../../test/support/media/images.ts";
import { describeError, PermanentError } from "../core/index.ts";
import { resizeImage } from "./handler.ts";
import type { Deps, Variants } from "./handler.ts";
import { imageResize } from "./job.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";
const { red, green, blue, yellow } = colours;
const upright = [red, green, blue, yellow];

test("creates AVIF, WebP and JPEG in every width and lists them", async () => {
  const { outcome, published, files } = await perform(await quarters(2_400, 1_600).jpeg().toBuffer());
  expect(outcome).toBe("files created: 12");
  expect(published).toMatchObject({ uploadId, isUpload: true, folder: "image", width: 2_400, height: 1_600 });
  expect(published!.placeholder).toMatch(/^data:image\/webp;base64,[\w+/=]{20,400}$/);
  for (const width of [160, 480, 960, 1_920])
    for (const [extension, type] of [
      ["avif", "image/avif"],
      ["webp", "image/webp"],
      ["jpg", "image/jpeg"],
    ] as const) {
      const path = `image/${width}.${extension}`;
      const { body, contentType } = files.get(path)!;
      const { mediaType, ...size } = await sharp(body).metadata();
      expect([path, contentType, mediaType, size.width]).toEqual([path, type, type, width]);
      expect(published!.files.find((file) => file.path === path)).toEqual({
        path,
        contentType: type,
        bytes: body.length,
        width,
        height: size.height,
      });
      await expectCorners(body, upright);
    }
  expect(published!.files).toHaveLength(files.size);
});

test.each([
  [1, 1, [1]],
  [160, 90, [160]],
  [161, 90, [161, 160]],
  [700, 500, [700, 480, 160]],
  [30_000, 10, [1_920, 960, 480, 160]],
  // WebP allows at most 16,383 rows, so the whole image is scaled down.
  [10, 30_000, [5]],
  [1_000, 30_000, [546, 480, 160]],
  [1, 16_383, [1]],
])("never enlarges: %i × %i is published in %j", async (width, height, widths) => {
  const { published } = await perform(await quarters(width, height).png().toBuffer());
  expect(published).toMatchObject({ width, height });
  const made = published!.files.map((file) => file.width);
  expect([...new Set(made)]).toEqual(widths);
  expect(made).toHaveLength(3 * widths.length);
  for (const file of published!.files) {
    const wanted = (file.width * height) / width;
    expect(file.height).toBeGreaterThanOrEqual(1);
    expect(Math.abs(file.height - Math.max(1, wanted)) / wanted).toBeLessThan(Math.max(0.1, 1 / wanted));
  }
});

test("an image one pixel wide that exceeds the maximum height becomes shorter", async () => {
  const { published } = await perform(await quarters(1, 20_000).png().toBuffer());
  expect(published!.files.map(({ width, height }) => [width, height])).toEqual(Array(3).fill([1, 16_383]));
});

test.each([
  [1, upright],
  [2, [green, red, yellow, blue]],
  [3, [yellow, blue, green, red]],
  [4, [blue, yellow, red, green]],
  [5, [red, blue, green, yellow]],
  [6, [blue, red, yellow, green]],
  [7, [yellow, green, blue, red]],
  [8, [green, yellow, red, blue]],
])("rotates a phone's photo upright (orientation %i) and keeps its colours", async (orientation, corners) => {
  const { published, files } = await perform(await phonePhoto(600, 400, orientation));
  const isTurned = orientation >= 5;
  expect(published).toMatchObject(isTurned ? { width: 400, height: 600 } : { width: 600, height: 400 });
  for (const { body } of files.values()) await expectCorners(body, corners);
});

test("removes all metadata: location, camera and profile", async () => {
  const photo = await phonePhoto(600, 400, 6);
  const { exif, icc, xmp } = await sharp(photo).metadata();
  expect([exif, icc, xmp].every(Boolean)).toBe(true);
  expect(photo.includes("CANARY")).toBe(true);
  const { files } = await perform(photo);
  for (const { body } of files.values()) {
    const left = await sharp(body).metadata();
    expect([left.exif, left.icc, left.xmp, left.iptc, left.orientation]).toEqual(Array(5).fill(undefined));
    expect(body.includes("CANARY")).toBe(false);
  }
});

describe("reads", () => {
  test.each<[string, () => Promise<Buffer>]>([
    ["a JPEG", () => image().jpeg().toBuffer()],
    ["a progressive JPEG", () => image().jpeg({ progressive: true }).toBuffer()],
    ["a PNG", () => image().png().toBuffer()],
    ["a PNG with a palette", () => image().png({ palette: true }).toBuffer()],
    ["a WebP", () => image().webp().toBuffer()],
    ["a lossless WebP", () => image().webp({ lossless: true }).toBuffer()],
    ["an AVIF", () => image().avif().toBuffer()],
    ["a GIF", () => image().gif().toBuffer()],
    ["16 bits per colour", () => image().toColourspace("rgb16").png().toBuffer()],
    ["a wide gamut", () => image().withIccProfile("p3").webp({ lossless: true }).toBuffer()],
    ["transparency", () => image().ensureAlpha(0.999).png().toBuffer()],
    ["an interlaced PNG", () => image().png({ progressive: true }).toBuffer()],
  ])("%s", async (_, make) => {
    const { files } = await perform(await make());
    for (const path of ["image/480.avif", "image/480.webp", "image/480.jpg", "image/640.jpg"])
      await expectCorners(files.get(path)!.body, upright);
  });

  test.each<[string, () => Promise<Buffer>]>([
    ["CMYK", () => image().toColourspace("cmyk").jpeg().toBuffer()],
    ["CMYK with a profile", () => image().withIccProfile("cmyk").jpeg().toBuffer()],
  ])("%s, with a paler blue", async (_, make) => {
    const { files } = await perform(await make());
    for (const { body } of files.values()) await expectCorners(body, upright, 70);
  });

  test("grey as grey", async () => {
    const grey = sharp({ create: { width: 300, height: 200, channels: 3, background: "#808080" } });
    const { files } = await perform(await grey.toColourspace("b-w").png().toBuffer());
    for (const { body } of files.values()) await expectCorners(body, Array(4).fill([128, 128, 128]));
  });

  test("transparent pixels as white where the format has none", async () => {
    const clear = sharp({ create: { width: 200, height: 200, channels: 4, background: "#00000000" } });
    const { files } = await perform(await clear.png().toBuffer());
    await expectCorners(files.get("image/200.jpg")!.body, Array(4).fill([255, 255, 255]));
    for (const path of ["image/200.avif", "image/200.webp"]) {
      const { isOpaque } = await sharp(files.get(path)!.body).stats();
      expect([path, isOpaque]).toEqual([path, false]);
    }
  });

  test("only the first of thousands of frames", async () => {
    const { published, files } = await perform(await longGif(5_000));
    expect(published).toMatchObject({ width: 64, height: 48 });
    for (const { body } of files.values()) {
      await expectCorners(body, upright);
      expect((await sharp(body).metadata()).pages ?? 1).toBe(1);
    }
  });

  test("the first frame of a GIF whose last frames are missing", async () => {
    const { published, files } = await perform((await longGif(50)).subarray(0, -100));
    expect(published!.note).toBe(null);
    await expectCorners(files.get("image/64.webp")!.body, upright);
  });

  test("only the first frame of an animated WebP", async () => {
    const still = { create: { width: 300, height: 200, channels: 3 as const, background: "#ff0000" } };
    const frames = [await sharp(still).png().toBuffer(), await quarters(300, 200).png().toBuffer()];
    const moving = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    expect((await sharp(moving).metadata()).pages).toBe(2);
    const { published, files } = await perform(moving);
    expect(published).toMatchObject({ width: 300, height: 200 });
    for (const { body } of files.values()) await expectCorners(body, Array(4).fill([255, 0, 0]));
  });

  test("a JPEG that is also a web page, and publishes only the JPEG", async () => {
    const { files } = await perform(await htmlJpeg());
    for (const { body } of files.values()) {
      await expectCorners(body, upright);
      expect(body.includes("script")).toBe(false);
    }
  });

  test("an image followed by other data, and publishes only the image", async () => {
    const photo = await quarters(600, 400).png().toBuffer();
    const { files } = await perform(Buffer.concat([photo, Buffer.from("PK\x03\x04 CANARY %PDF-1.7 <svg>")]));
    for (const { body } of files.values()) expect(body.includes("CANARY")).toBe(false);
  });
});

describe("reads HEIC:", () => {
  test("a phone's photo in tiles, rotated once although its EXIF data repeats the rotation, in sRGB", async () => {
    const { published, files } = await perform(await heic("phone"));
    expect(published).toMatchObject({ width: 160, height: 240, note: null });
    for (const { body } of files.values()) {
      await expectCorners(body, [blue, red, yellow, green]);
      expect((await sharp(body).metadata()).exif).toBe(undefined);
    }
  });

  test.each(["mif1", "msf1", "heim"])("the same under the brand %s", async (brand) => {
    const file = await heic("phone");
    file.write(brand, 8);
    await expectCorners((await perform(file)).files.get("image/160.webp")!.body, [blue, red, yellow, green]);
  });

  test.each(["two", "ten-bits", "alpha", "premultiplied"] as const)("%s", async (name) => {
    const { published, files } = await perform(await heic(name));
    expect(published).toMatchObject({ width: 240, height: 160 });
    const { body } = files.get("image/240.webp")!;
    await expectCorners(body, upright);
    const { isOpaque } = await sharp(body).stats();
    expect(isOpaque).toBe(name !== "alpha" && name !== "premultiplied");
  });

  test("an AVIF under the brand mif1 as AVIF", async () => {
    const file = await image().avif().toBuffer();
    file.write("mif1", 8);
    await expectCorners((await perform(file)).files.get("image/480.jpg")!.body, upright);
  });
});

describe("shows what is there, with a note, of", () => {
  test.each<[string, () => Promise<Buffer>]>([
    ["half a JPEG", () => half(noisy().jpeg().toBuffer())],
    ["half a progressive JPEG", () => half(noisy().jpeg({ progressive: true }).toBuffer())],
    ["half a PNG", () => half(noisy().png().toBuffer())],
    ["half a GIF", () => half(noisy().gif().toBuffer())],
    ["a JPEG without its last bytes", async () => (await jpeg()).subarray(0, -10)],
  ])("%s", async (_, make) => {
    const { outcome, published, files } = await perform(await make());
    expect(outcome).toMatch(/^files created/);
    expect(published!.note).toBe("The file is damaged or incomplete. The part that could be read is shown.");
    const [left, right] = await cornersOf(files.get(`image/${published!.files[0]!.width}.webp`)!.body);
    for (const [index, colour] of [left!, right!].entries())
      for (const [channel, value] of colour.entries())
        expect(Math.abs(value - upright[index]![channel]!)).toBeLessThan(48);
  });

  // Noise makes the halves of the file equal to the halves of the image.
  const noisy = () => quarters(640, 480, 12);
});

const image = () => quarters(640, 480);
const jpeg = () => image().jpeg().toBuffer();
const png = () => image().png().toBuffer();
const gif = () => image().gif().toBuffer();
const untilScan = (file: Buffer) => file.subarray(0, file.indexOf(Buffer.from([0xff, 0xda])) + 14);
const half = async (file: Promise<Buffer>) => (await file).subarray(0, (await file).length / 2);

describe("rejects", () => {
  const notAnImage = "The file is not a JPEG, PNG, WebP, AVIF, GIF or HEIC image.";
  const damaged = "The image is damaged or incomplete.";
  const tooLarge = (megapixels: number, input: string, maximum: number) =>
    `The image has ${megapixels} megapixels. The maximum for a ${input} is ${maximum}.`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>`;

  test.each<[string, string, () => Promise<Buffer | string> | Buffer | string]>([
    ["an empty file", "The file is empty.", () => ""],
    ["text", notAnImage, () => "hello"],
    ["one byte", notAnImage, () => "\xff"],
    ["SVG", notAnImage, () => svg],
    ["SVG behind an XML header", notAnImage, () => `<?xml version="1.0"?>${svg}`],
    ["PDF", notAnImage, () => "%PDF-1.7\n1 0 obj"],
    ["PDF before a JPEG", notAnImage, async () => `%PDF-1.7\n${(await htmlJpeg()).toString("latin1")}`],
    ["HTML before a JPEG", notAnImage, async () => `<html>${(await htmlJpeg()).toString("latin1")}`],
    ["MVG", notAnImage, () => "push graphic-context\nimage over 0,0 0,0 'https://evil.example/'"],
    ["EPS", notAnImage, () => "%!PS-Adobe-3.0 EPSF-3.0"],
    ["TIFF", notAnImage, () => image().tiff().toBuffer()],
    ["BMP", notAnImage, () => "BM\x46\0\0\0\0\0\0\0\x36\0\0\0"],
    ["Radiance", notAnImage, () => "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n"],
    ["a file of libvips", notAnImage, () => "\x08\xf2\xa6\xb6".padEnd(64, "\0")],
    ["a video", notAnImage, () => "\0\0\0\x18ftypisom\0\0\x02\0isomiso2avc1mp41".padEnd(64, "\0")],
    [
      "a HEIC sequence without a still image",
      "HEIC sequences are not supported. Please upload a still image.",
      () => "\0\0\0\x18ftyphevc\0\0\0\0msf1hevc".padEnd(64, "\0"),
    ],
    [
      "an animated AVIF",
      "Animated AVIF is not supported. Please upload a still image, or an animated WebP or GIF.",
      () => "\0\0\0\x2cftypavis\0\0\0\0avisavifmsf1iso8".padEnd(99, "\0"),
    ],
    ["half a WebP", damaged, () => half(image().webp().toBuffer())],
    ["half an AVIF", damaged, () => half(image().avif().toBuffer())],
    ["half an interlaced PNG", damaged, () => half(image().png({ progressive: true }).toBuffer())],
    ["half a HEIC", damaged, () => half(heic("two"))],
    ["a HEIC without its last tile", damaged, async () => (await heic("phone")).subarray(0, -200)],
    ["a JPEG that ends before the first pixel", damaged, async () => untilScan(await jpeg())],
    ["a PNG that ends before the first pixel", damaged, async () => (await png()).subarray(0, 60)],
    ["a GIF that ends before the first pixel", damaged, async () => (await gif()).subarray(0, 40)],
    ["the first bytes of a JPEG and nothing", damaged, () => "\xff\xd8\xff\xe0"],
    ["the first bytes of a GIF and text", damaged, () => "GIF89a=1;alert(1)"],
    ["the first bytes of a PNG and zeros", damaged, () => "\x89PNG\r\n\x1a\n".padEnd(99, "\0")],
    ["the first bytes of a WebP and zeros", damaged, () => "RIFF\0\0\0\0WEBP".padEnd(99, "\0")],
    ["the first bytes of an AVIF and zeros", damaged, () => "\0\0\0\x18ftypavif".padEnd(99, "\0")],
    ["the first bytes of a HEIC and zeros", damaged, () => "\0\0\0\x18ftypheic".padEnd(99, "\0")],
    ["256 megapixels in 31 KB", tooLarge(256, "PNG", 80), () => blankPng(16_000, 16_000)],
    ["slightly too many pixels", tooLarge(80.1, "PNG", 80), () => blankPng(80_001, 1_000)],
    ["a huge JPEG", tooLarge(250.1, "JPEG", 250), () => jpegOfSize(50_001, 5_001)],
    [
      "a huge progressive JPEG",
      tooLarge(199.8, "progressive JPEG", 100),
      () => jpegOfSize(16_320, 12_240, { progressive: true }),
    ],
    [
      "a huge JPEG with a scan per colour",
      tooLarge(199.8, "progressive JPEG", 100),
      async () => colourScansJpeg(await jpegOfSize(16_320, 12_240)),
    ],
    ["a huge HEIC", tooLarge(65.7, "HEIC", 50), () => heicOfSize(8_100, 8_100)],
    ["a size that overflows", damaged, () => blankHeader(2 ** 31 - 1)],
    ["a header without pixels", damaged, () => blankHeader(0)],
  ])("%s", async (_, problem, make) => {
    const made = await make();
    const file = typeof made === "string" ? Buffer.from(made, "latin1") : made;
    const rejected: string[] = [];
    const reject = async (_id: string, words: string) => void rejected.push(words);
    const running = perform(file, { reject });
    await expect(running).rejects.toThrow(PermanentError);
    await expect(running).rejects.toThrow(problem);
    expect(rejected).toEqual([problem]);
  });

  const blankHeader = (size: number) => {
    const file = blankPng(8, 8);
    file.writeUInt32BE(size, 16);
    file.writeUInt32BE(size, 20);
    return file;
  };
});

test.each<[string, string, () => Promise<Buffer>]>([
  ["text that unpacks to 200 MB", "files created: 3", () => textBombPng(200_000_000)],
  [
    "a JPEG of 3,000 scans",
    "PermanentError: The image is damaged or incomplete.",
    () => manyScansJpeg(3_000),
  ],
])("%s takes little time and memory", async (_, outcome, make) => {
  const file = await make();
  const before = process.memoryUsage().rss;
  const began = performance.now();
  await expect(perform(file).then(({ outcome }) => outcome, describeError)).resolves.toBe(outcome);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
});

test("still works after 20 failures", async () => {
  const image = await quarters(300, 200).png().toBuffer();
  const broken = Array.from({ length: 20 }, () => perform(image.subarray(0, -200)).catch(() => "rejected"));
  const whole = Array.from({ length: 5 }, async () => (await perform(image)).outcome);
  expect(await Promise.all(broken)).toEqual(Array(20).fill("rejected"));
  expect(await Promise.all(whole)).toEqual(Array(5).fill("files created: 6"));
});

test("a second run creates identical files", async () => {
  const photo = await phonePhoto(1_000, 700, 6);
  const first = await perform(photo);
  const second = await perform(photo, {}, first.files);
  expect(second.published).toEqual(first.published);
  expect(second.files).toEqual(first.files);
});

test("a part of an upload has a separate folder, and its failure does not fail the upload", async () => {
  const { published, files } = await perform(await quarters(480, 270).jpeg().toBuffer(), {}, undefined, {
    source: "posters/0001.jpg",
  });
  expect(published).toMatchObject({ isUpload: false, folder: "posters/0001" });
  expect([...files.keys()].toSorted()[0]).toBe("posters/0001/160.avif");
  const reject = () => Promise.reject(new Error("rejected"));
  const running = perform(Buffer.from("?"), { reject }, undefined, { source: "posters/0001.jpg" });
  await expect(running).rejects.toThrow(PermanentError);
});

test.each(["../source", "/etc/passwd", "a/../b", "posters//1.jpg", "posters/.hidden", "A", ""])(
  "rejects a path outside the upload: %j",
  (source) => expect(imageResize.payload.safeParse({ uploadId, source }).success).toBe(false),
);

test("skips a deleted upload, and fails permanently without the file", async () => {
  const image = await quarters(9, 9).png().toBuffer();
  const gone = await perform(image, { findUpload: async () => null });
  expect(gone).toMatchObject({ outcome: "skipped: the upload no longer exists", published: undefined });
  const missing = perform(image, { read: async () => undefined });
  await expect(missing).rejects.toThrow(new PermanentError("The file is missing. Please upload it again."));
});

test("retries when the storage fails, and publishes nothing", async () => {
  const image = await quarters(1_000, 800).png().toBuffer();
  let writes = 0;
  const write = async () => {
    if (++writes === 3) throw new Error("no space");
  };
  const publish = () => Promise.reject(new Error("published"));
  const reject = () => Promise.reject(new Error("rejected"));
  await expect(perform(image, { write, publish, reject })).rejects.toThrow(new Error("no space"));
  expect(writes).toBeLessThan(9);
});

test("stops when its signal aborts", async () => {
  const stop = new AbortController();
  const image = await quarters(2_000, 1_500).png().toBuffer();
  const written: string[] = [];
  const write = async (_id: string, path: string) => {
    written.push(path);
    stop.abort(new Error("the process shuts down"));
  };
  const running = perform(image, { write }, undefined, {}, stop.signal);
  await expect(running).rejects.toThrow("the process shuts down");
  expect(written.length).toBeLessThan(4);
});

test("leaves the event loop free, so that locks renew", async () => {
  const image = await quarters(4_000, 3_000).jpeg().toBuffer();
  const began = performance.now();
  let longest = 0;
  let last = began;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 10);
  await perform(image);
  clearInterval(timer);
  expect(longest).toBeLessThan((performance.now() - began) / 3);
});

test("reports its progress", async () => {
  const { progress } = await perform(await quarters(200, 100).png().toBuffer());
  expect(progress).toEqual([1, 2, 3, 4, 5, 6].map((done) => done / 6));
});

/** Lossy formats change colours: each value may differ by the tolerance. */
const expectCorners = async (file: Buffer, expected: number[][], tolerance = 32) => {
  const found = (await cornersOf(file)).flat();
  const isOff = found.some((value, index) => Math.abs(value - expected.flat()[index]!) > tolerance);
  if (isOff) expect(found).toEqual(expected.flat());
};

type Files = Map<string, { body: Buffer; contentType: string }>;

const perform = async (
  file: Buffer,
  deps: Partial<Deps<"tx">> = {},
  files: Files = new Map(),
  payload: { source?: string } = {},
  signal = new AbortController().signal,
) => {
  let published: Variants | undefined;
  const progress: unknown[] = [];
  const handler = resizeImage<"tx">({
    findUpload: async () => ({}),
    read: async () => file,
    write: async (_id, path, body, contentType) => void files.set(path, { body, contentType }),
    publish: async (_tx, variants) => (published = variants),
    reject: async () => {},
    ...deps,
  });
  const outcome = await handler(imageResize.payload.parse({ uploadId, ...payload }), {
    signal,
    progress: async (value) => void progress.push(value),
    complete: (effect) => effect("tx"),
  });
  return { outcome, published, files, progress };
};
