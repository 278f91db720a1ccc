import type { Sharp } from "sharp";
import { PermanentError } from "../core/index.ts";
import { damaged, type Header, readHeader } from "./header.ts";
import { decodeHeic } from "./heic.ts";
import { sharp } from "./libvips.ts";
import { limits } from "./limits.ts";
import { withMemory } from "./memory.ts";
import { addProfile } from "./png.ts";
import { formats, maxHeight, widths } from "./sizes.ts";
import type { Format } from "./sizes.ts";
import { onThread } from "./threads.ts";

/** Decoded: sRGB, upright, without metadata. */
export interface Pixels {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

export interface Image {
  /** Of the original, as displayed. */
  readonly width: number;
  readonly height: number;
  /** The widths to publish, widest first, none wider than the original. */
  readonly widths: readonly number[];
  /** In the first of these widths. */
  readonly pixels: Pixels;
  /** False if a part of the image could not be read. */
  readonly isComplete: boolean;
}

/**
 * Decodes a file at the widest width that is needed. Of an animation, it decodes the first frame.
 * @throws PermanentError with a message for the user
 */
export const decode = async (file: Buffer, signal: AbortSignal): Promise<Image> => {
  const header = await readHeader(file);
  const { input, width, height } = header;
  const decoder = input === "HEIC" ? decodeWithLibheif : decodeWithLibvips;
  const memory = width * height * limits[input].memory;
  return withMemory(memory, signal, () => decoder(file, header, signal)).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error instanceof PermanentError ? error : damaged(error);
  });
};

type Decoder = (file: Buffer, header: Header, signal: AbortSignal) => Promise<Image>;

/** Of a damaged file it decodes what is there, as browsers do. libvips can do so with JPEG, PNG and GIF. */
const decodeWithLibvips: Decoder = async (file, { input, width, height }, signal) => {
  const wanted = widthsOf(width, height);
  const { maxPixels } = limits[input];
  const read = (failOn: "error" | "none") =>
    onThread(signal, () =>
      toPixels(sharp(file, { autoOrient: true, failOn, limitInputPixels: maxPixels }), wanted[0] ?? width, {
        width,
        height,
      }),
    );
  try {
    return { width, height, widths: wanted, pixels: await read("error"), isComplete: true };
  } catch (error) {
    const pixels = await read("none");
    if (isBlank(pixels)) throw error;
    return { width, height, widths: wanted, pixels, isComplete: false };
  }
};

/** Whether all pixels are equal, as they are when nothing could be decoded. */
const isBlank = ({ data, channels }: Pixels) => data.subarray(channels).equals(data.subarray(0, -channels));

/** libheif applies the file's rotation, which phones also repeat in the EXIF data, but not its colour profile. */
const decodeWithLibheif: Decoder = async (file, { input, icc }, signal) => {
  const { maxPixels, memory } = limits[input];
  const picture = await onThread(signal, () =>
    decodeHeic(file, { maxPixels, maxMemory: maxPixels * memory }, signal),
  );
  const { data, width, height, hasAlpha, isPremultiplied } = picture;
  const raw = { width, height, channels: 4 as const, premultiplied: isPremultiplied };
  const image = sharp(data, { raw, limitInputPixels: maxPixels });
  const wanted = widthsOf(width, height);
  const scaled = await onThread(signal, () =>
    toPixels(hasAlpha ? image : image.removeAlpha(), wanted[0] ?? width, picture),
  );
  const pixels = icc ? await convertToSrgb(scaled, icc, signal) : scaled;
  return { width, height, widths: wanted, pixels, isComplete: true };
};

/** sharp takes a profile from a file only. */
const convertToSrgb = async (pixels: Pixels, icc: Buffer, signal: AbortSignal): Promise<Pixels> =>
  onThread(signal, async () => {
    const png = await fromPixels(pixels).png({ compressionLevel: 0 }).toBuffer();
    return toPixels(sharp(addProfile(png, icc)), pixels.width, pixels);
  });

/** Never enlarges. An image higher than the formats allow is scaled down as a whole. */
const widthsOf = (width: number, height: number): number[] => {
  const own = Math.max(1, Math.floor(Math.min(width, (width * maxHeight) / height)));
  const narrower = widths.filter((each) => each < own);
  return [...narrower, Math.min(own, Math.max(...widths))]
    .filter((each, index, all) => all.indexOf(each) === index)
    .reverse();
};

/** The same image, narrower. */
export const scale = async (pixels: Pixels, width: number, signal: AbortSignal): Promise<Pixels> =>
  width === pixels.width ? pixels : onThread(signal, () => toPixels(fromPixels(pixels), width, pixels));

export const encode = (pixels: Pixels, format: Format, signal: AbortSignal): Promise<Buffer> =>
  onThread(signal, () => encoders[format](fromPixels(pixels)).toBuffer());

const encoders: Record<Format, (image: Sharp) => Sharp> = {
  avif: (image) => image.avif(formats.avif.options),
  webp: (image) => image.webp(formats.webp.options),
  // JPEG has no transparency.
  jpg: (image) => image.flatten({ background: "white" }).jpeg(formats.jpg.options),
};

/** A data: URL of about 150 characters, to show blurred while the image loads. */
export const placeholderOf = async (pixels: Pixels, signal: AbortSignal): Promise<string> => {
  const tiny = await onThread(signal, () =>
    fromPixels(pixels).resize(16, 16, { fit: "inside" }).webp({ quality: 30, alphaQuality: 30 }).toBuffer(),
  );
  return `data:image/webp;base64,${tiny.toString("base64")}`;
};

const fromPixels = ({ data, width, height, channels }: Pixels) =>
  sharp(data, { raw: { width, height, channels } });

const toPixels = async (
  image: Sharp,
  width: number,
  original: { width: number; height: number },
): Promise<Pixels> => {
  // An image one pixel wide cannot become narrower: reduce its height alone.
  const height = Math.min(maxHeight, Math.max(1, Math.round((original.height * width) / original.width)));
  const { data, info } = await image
    .resize(width, height, { fit: "fill" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3 };
};
