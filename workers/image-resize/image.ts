import sharp from "sharp";
import type { Sharp } from "sharp";
import { PermanentError } from "../core/index.ts";
import { formats, maxHeight, maxPixels, widths } from "./sizes.ts";
import type { Format } from "./sizes.ts";
import { onThread } from "./threads.ts";

// Whatever else libvips can open, such as SVG, PDF or TIFF, is out of reach for this process.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["Jpeg", "Png", "Webp", "Heif", "Nsgif"].map((name) => `VipsForeignLoad${name}Buffer`),
});
// No image comes twice, and one thread for each step leaves the others to other steps.
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
  /** Of the original, as people see it. */
  readonly width: number;
  readonly height: number;
  /** The widths to publish, the widest first: at most the original's. */
  readonly widths: readonly number[];
  /** In the first of these widths. */
  readonly pixels: Pixels;
}

/**
 * Decodes a file, the first frame if it moves, no larger than it is needed.
 * @throws PermanentError with a message for the user
 */
export const decode = async (file: Buffer, signal: AbortSignal): Promise<Image> => {
  const { width, height } = await inspect(file);
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

/** The size of the image as people see it, from its header. */
const inspect = async (file: Buffer): Promise<{ width: number; height: number }> => {
  if (file.length === 0) throw new PermanentError("The file is empty.");
  const type = typeOf(file);
  if (type === "HEIC")
    throw new PermanentError("HEIC images cannot be read here. Please send a JPEG, PNG, WebP, AVIF or GIF.");
  if (!type) throw new PermanentError("The file is not a JPEG, PNG, WebP, AVIF or GIF image.");
  const { autoOrient } = await sharp(file, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw isFilm(file)
        ? new PermanentError("This AVIF is a film. Please send a still image, or a moving WebP or GIF.")
        : damaged(error);
    });
  const pixels = autoOrient.width * autoOrient.height;
  if (pixels > maxPixels)
    throw new PermanentError(
      `The image has ${Math.round(pixels / 1e6)} megapixels. At most ${maxPixels / 1e6} are allowed.`,
    );
  return autoOrient;
};

const damaged = (cause: unknown) => new PermanentError("The image is damaged or incomplete.", { cause });

/** What the first bytes say, whatever name and type the file came with. */
const typeOf = (file: Buffer): "JPEG" | "PNG" | "GIF" | "WebP" | "AVIF" | "HEIC" | undefined => {
  const start = file.toString("latin1", 0, 64);
  if (start.startsWith("\xff\xd8\xff")) return "JPEG";
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (/^GIF8[79]a/.test(start)) return "GIF";
  if (/^RIFF[^]{4}WEBP/.test(start)) return "WebP";
  const brands = /^[^]{4}ftyp([^]{4})[^]{4}([^]*)/.exec(start)?.slice(1).join("");
  if (brands && /avi[fs]/.test(brands)) return "AVIF";
  return brands && /^(hei|hev|mif1|msf1)/.test(brands) ? "HEIC" : undefined;
};

/** A sequence of frames, of which libheif reads none. Most moving AVIFs are one. */
const isFilm = (file: Buffer) => file.toString("latin1", 4, 12) === "ftypavis";

/** Never more than the image has. One so long that no format could hold it becomes narrower, as a whole. */
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
  // It knows no transparency.
  jpg: (image) => image.flatten({ background: "white" }).jpeg(formats.jpg.options),
};

/** A data: URL of about 150 characters, to show blurred until the image is there. */
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
  // One pixel across, an image cannot become narrower: then it becomes shorter.
  const height = Math.min(maxHeight, Math.max(1, Math.round((original.height * width) / original.width)));
  const { data, info } = await image
    .resize(width, height, { fit: "fill" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3 };
};
