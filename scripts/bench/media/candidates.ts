import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Sharp } from "sharp";
import { resizeImage } from "../../../workers/image-resize/handler.ts";
import { formats, widths } from "../../../workers/image-resize/sizes.ts";
import type { Format } from "../../../workers/image-resize/sizes.ts";
import type { Photos } from "./photos.ts";

/** Creates every variant of one photo, as files in the photo's folder. */
export type Candidate = (photos: Photos, index: number) => Promise<unknown>;

export const variantsPerPhoto = widths.length * Object.keys(formats).length;

/** The handler of image-resize, with a folder instead of a storage. */
export const ours: Candidate = async (photos, index) => {
  const folder = await photos.folderFor(index);
  const handle = resizeImage<undefined>({
    findUpload: async () => ({}),
    read: () => photos.read(index),
    write: (_id, path, body) => writeFile(join(folder, path), body),
    publish: async () => {},
    reject: async () => {},
  });
  const run = {
    signal: new AbortController().signal,
    progress: async () => {},
    complete: <Result>(effect: (tx: undefined) => Promise<Result>) => effect(undefined),
  };
  return handle({ uploadId: `${index}` }, run);
};

const encoders: Record<Format, (image: Sharp) => Sharp> = {
  avif: (image) => image.avif(formats.avif.options),
  webp: (image) => image.webp(formats.webp.options),
  jpg: (image) => image.jpeg(formats.jpg.options),
};

const writeAll = async (photos: Photos, index: number, open: () => Sharp): Promise<void> => {
  const folder = await photos.folderFor(index);
  const names = Object.keys(formats) as Format[];
  const writing = widths.toReversed().flatMap((width) =>
    names.map((format) => {
      const path = join(folder, "image", `${width}.${format}`);
      return encoders[format](open().resize(width)).toFile(path);
    }),
  );
  await Promise.all(writing);
};

/** The approach of sharp's documentation: one input, cloned for every output. Each clone decodes the photo again. */
export const clonePerVariant: Candidate = async (photos, index) => {
  const input = sharp(await photos.read(index)).autoOrient();
  await writeAll(photos, index, () => input.clone());
};

/** The fast approach: decodes the photo once into pixels, and creates all outputs from these concurrently. */
export const decodeOnce: Candidate = async (photos, index) => {
  const { data, info } = await sharp(await photos.read(index))
    .autoOrient()
    .resize(Math.max(...widths))
    .raw()
    .toBuffer({ resolveWithObject: true });
  await writeAll(photos, index, () => sharp(data, { raw: info }));
};
