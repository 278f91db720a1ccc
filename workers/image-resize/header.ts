import { PermanentError } from "../core/index.ts";
import { canDecodeHeic } from "./heic.ts";
import { isReadByRows } from "./jpeg.ts";
import { sharp } from "./libvips.ts";
import { type Input, limits } from "./limits.ts";

/** What is known about an original before it is decoded. */
export interface Header {
  input: Input;
  /** As displayed. */
  width: number;
  height: number;
  /** Its colour profile. */
  icc: Buffer | undefined;
}

/** @throws PermanentError with a message for the user */
export const readHeader = async (file: Buffer, hasHeic = canDecodeHeic()): Promise<Header> => {
  const supported = `JPEG, PNG, WebP, AVIF${hasHeic ? ", GIF or HEIC" : " or GIF"}`;
  if (file.length === 0) throw new PermanentError("The file is empty.");
  const input = detectInput(file);
  if (!input) throw new PermanentError(`The file is not a ${supported} image.`);
  if (input === "HEIC" && !hasHeic)
    throw new PermanentError(`HEIC is not supported. Please upload a ${supported} image.`);
  const { autoOrient, icc } = await sharp(file, { failOn: "none", limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw unreadable(file, error);
    });
  checkPixels(input, autoOrient.width * autoOrient.height);
  return { input, width: autoOrient.width, height: autoOrient.height, icc };
};

export const damaged = (cause: unknown) =>
  new PermanentError("The image is damaged or incomplete.", { cause });

/** The type by the first bytes. The declared name and type are ignored. */
const detectInput = (file: Buffer): Input | undefined => {
  const start = file.toString("latin1", 0, 64);
  if (start.startsWith("\xff\xd8\xff")) return isReadByRows(file) ? "JPEG" : "progressive JPEG";
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (/^GIF8[79]a/.test(start)) return "GIF";
  if (/^RIFF[^]{4}WEBP/.test(start)) return "WebP";
  // AVIF and HEIC are the same container, HEIF. Its major brand may be that of HEIF.
  const brands = /^[^]{4}ftyp([^]{4})[^]{4}([^]*)/.exec(start)?.slice(1).join("");
  if (brands && /avi[fs]/.test(brands)) return "AVIF";
  return brands && /^(hei|hev|mif1|msf1)/.test(brands) ? "HEIC" : undefined;
};

/** libvips opens no image sequence, the usual form of an animated AVIF. */
const unreadable = (file: Buffer, cause: unknown): PermanentError => {
  const brand = file.toString("latin1", 4, 12);
  if (brand === "ftypavis")
    return new PermanentError(
      "Animated AVIF is not supported. Please upload a still image, or an animated WebP or GIF.",
    );
  if (/^ftyp(hev|msf)/.test(brand))
    return new PermanentError("HEIC sequences are not supported. Please upload a still image.");
  return damaged(cause);
};

const checkPixels = (input: Input, pixels: number) => {
  const { maxPixels } = limits[input];
  if (pixels <= maxPixels) return;
  // Rounded up, so that the number is never equal to the maximum.
  const megapixels = Math.ceil(pixels / 1e5) / 10;
  throw new PermanentError(
    `The image has ${megapixels} megapixels. The maximum for a ${input} is ${maxPixels / 1e6}.`,
  );
};
