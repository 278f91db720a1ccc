import sharp from "sharp";
import type { Sharp } from "sharp";
import { PermanentError } from "../core/index.ts";
import { formats, maxHeight, maxPixels, widths } from "./sizes.ts";
import type { Format } from "./sizes.ts";
import { onThread } from "./threads.ts";

// Blocks all other loaders of libvips in this process, such as SVG, PDF and TIFF.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["Jpeg", "Png", "Webp", "Heif", "Nsgif"].map((name) => `VipsForeignLoad${name}Buffer`),
});
// No image is opened twice. One thread per step leaves the others to other steps.
sharp.cache(false);
sharp.concurrency(1);

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
}

/**
 * Decodes a file at the widest width that is needed. Of an animation, it decodes the first frame.
 * @throws PermanentError with a message for the user
 */
export const decode = async (file: Buffer, signal: AbortSignal): Promise<Image> => {
  const { width, height } = await readSize(file);
  const wanted = widthsOf(width, height);
  const pixels = await onThread(signal, () =>
    toPixels(
      sharp(file, { autoOrient: true, failOn: "error", limitInputPixels: maxPixels }),
      wanted[0] ?? width,
      { width, height },
    ),
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    throw damaged(error);
  });
  return { width, height, widths: wanted, pixels };
};

/** The displayed size of the image, from its header. */
const readSize = async (file: Buffer): Promise<{ width: number; height: number }> => {
  if (file.length === 0) throw new PermanentError("The file is empty.");
  const type = detectType(file);
  if (type === "HEIC")
    throw new PermanentError("HEIC is not supported. Please upload a JPEG, PNG, WebP, AVIF or GIF image.");
  if (!type) throw new PermanentError("The file is not a JPEG, PNG, WebP, AVIF or GIF image.");
  const { autoOrient } = await sharp(file, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw isAnimatedAvif(file)
        ? new PermanentError(
            "Animated AVIF is not supported. Please upload a still image, or an animated WebP or GIF.",
          )
        : damaged(error);
    });
  const pixels = autoOrient.width * autoOrient.height;
  if (pixels > maxPixels)
    throw new PermanentError(
      `The image has ${Math.round(pixels / 1e6)} megapixels. The maximum is ${maxPixels / 1e6}.`,
    );
  return autoOrient;
};

const damaged = (cause: unknown) => new PermanentError("The image is damaged or incomplete.", { cause });

/** The type by the first bytes. The declared name and type are ignored. */
const detectType = (file: Buffer): "JPEG" | "PNG" | "GIF" | "WebP" | "AVIF" | "HEIC" | undefined => {
  const start = file.toString("latin1", 0, 64);
  if (start.startsWith("\xff\xd8\xff")) return "JPEG";
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (/^GIF8[79]a/.test(start)) return "GIF";
  if (/^RIFF[^]{4}WEBP/.test(start)) return "WebP";
  const brands = /^[^]{4}ftyp([^]{4})[^]{4}([^]*)/.exec(start)?.slice(1).join("");
  if (brands && /avi[fs]/.test(brands)) return "AVIF";
  return brands && /^(hei|hev|mif1|msf1)/.test(brands) ? "HEIC" : undefined;
};

/** An image sequence, the usual form of an animated AVIF. libheif does not read its frames. */
const isAnimatedAvif = (file: Buffer) => file.toString("latin1", 4, 12) === "ftypavis";

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
