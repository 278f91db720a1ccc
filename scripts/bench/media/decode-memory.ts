import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import sharp, { type Sharp } from "sharp";
import { decode } from "../../../workers/image-resize/image.ts";

// Prints the memory in which image-resize decodes an original, for the table in workers/image-resize/limits.ts:
//   MALLOC_ARENA_MAX=2 node scripts/bench/media/decode-memory.ts [FILE …]
// Without files, it makes an image of noise per format. Each one is decoded in a separate process.

const MEGAPIXELS = 25;
const side = Math.sqrt(MEGAPIXELS * 1e6);

const inputs: Record<string, (image: Sharp) => Sharp> = {
  JPEG: (image) => image.jpeg(),
  "JPEG, 4:4:4": (image) => image.jpeg({ chromaSubsampling: "4:4:4" }),
  "progressive JPEG": (image) => image.jpeg({ progressive: true }),
  "progressive JPEG, 4:4:4": (image) => image.jpeg({ progressive: true, chromaSubsampling: "4:4:4" }),
  PNG: (image) => image.png({ compressionLevel: 1 }),
  "PNG, interlaced": (image) => image.png({ compressionLevel: 1, progressive: true }),
  "PNG, interlaced, 16 bits, transparent": (image) =>
    image.ensureAlpha(0.5).toColourspace("rgb16").png({ compressionLevel: 1, progressive: true }),
  WebP: (image) => image.webp({ effort: 0 }),
  "WebP, lossless": (image) => image.webp({ effort: 0, lossless: true }),
  GIF: (image) => image.gif({ effort: 1 }),
  "AVIF, 4:2:0": (image) => image.avif({ effort: 0, chromaSubsampling: "4:2:0" }),
  "AVIF, 4:4:4": (image) => image.avif({ effort: 0 }),
  "AVIF, 4:4:4, 10 bits": (image) => image.avif({ effort: 0, bitdepth: 10 }),
};

/** Decodes the file of standard input and prints the growth of the resident memory, in bytes per pixel. */
const measure = async () => {
  const file = readFileSync(0);
  const before = process.memoryUsage().rss;
  const { width, height } = await decode(file, new AbortController().signal);
  const growth = process.resourceUsage().maxRSS * 1_024 - before;
  console.log((growth / (width * height)).toFixed(1));
};

const print = (label: string, file: Buffer) => {
  const options = { input: file, maxBuffer: Infinity };
  const result = execFileSync(process.execPath, [import.meta.filename, "--measure"], options);
  console.log(`${label}: ${String(result).trim()} bytes per pixel`);
};

const printInputs = async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 30 } as const;
  const size = { width: side / 4, height: side / 4 };
  const small = await sharp({ create: { ...size, channels: 3, background: "grey", noise } })
    .png()
    .toBuffer();
  for (const [label, encode] of Object.entries(inputs))
    print(label, await encode(sharp(small).resize(side, side)).toBuffer());
};

const paths = process.argv.slice(2);
if (paths[0] === "--measure") await measure();
else if (paths.length > 0) for (const path of paths) print(path, readFileSync(path));
else await printInputs();
