import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Sharp } from "sharp";
import { resizeImage } from "../../../workers/image-resize/handler.ts";
import { formats, widths } from "../../../workers/image-resize/sizes.ts";
import type { Format } from "../../../workers/image-resize/sizes.ts";
import type { Photos } from "./photos.ts";

/** Makes every variant of one photo, as files in the photo's folder. */
export type Contestant = (photos: Photos, index: number) => Promise<unknown>;

export const variantsOfAPhoto = widths.length * Object.keys(formats).length;

/** The module as it is, with files for a storage. */
export const ours: Contestant = async (photos, index) => {
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

/** As sharp's documentation has it: one input, cloned for every output, each of which decodes again. */
export const clones: Contestant = async (photos, index) => {
  const input = sharp(await photos.read(index)).autoOrient();
  await writeAll(photos, index, () => input.clone());
};

/** By hand, for speed: decoded once into pixels, and all outputs made of these at the same time. */
export const byHand: Contestant = async (photos, index) => {
  const { data, info } = await sharp(await photos.read(index))
    .autoOrient()
    .resize(Math.max(...widths))
    .raw()
    .toBuffer({ resolveWithObject: true });
  await writeAll(photos, index, () => sharp(data, { raw: info }));
};
