import { PermanentError, type Payload, type Run } from "../core/index.ts";
import { decode, encode, placeholderOf, scale } from "./image.ts";
import type { Image, Pixels } from "./image.ts";
import type { imageResize } from "./job.ts";
import { formats } from "./sizes.ts";
import type { Format } from "./sizes.ts";

/** A file that was made. */
export interface Variant {
  /** Below the upload, such as image/480.webp. */
  path: string;
  contentType: string;
  bytes: number;
  width: number;
  height: number;
}

/** All that was made of one image. */
export interface Variants {
  uploadId: string;
  /** Whether the image is the upload, and not a part of one, as the posters of a video are. */
  isUpload: boolean;
  /** Below the upload. Holds these files and no others. */
  folder: string;
  files: Variant[];
  /** Of the original, as people see it. */
  width: number;
  height: number;
  /** A data: URL. */
  placeholder: string;
}

export interface Deps<Tx> {
  findUpload(id: string): Promise<object | null>;
  /** Resolves with nothing where there is no such object. */
  read(uploadId: string, path: string): Promise<Buffer | undefined>;
  /** Writes all of it or nothing, in place of what was there. */
  write(uploadId: string, path: string, body: Buffer, contentType: string): Promise<void>;
  /** Lists these files in place of those that the folder had. The upload that is this image is ready with it. */
  publish(tx: Tx, variants: Variants): Promise<unknown>;
  /** Marks the upload as failed. Its owner sees `problem`. */
  reject(uploadId: string, problem: string): Promise<unknown>;
}

type ImageRun<Tx> = Pick<Run<Tx>, "signal" | "progress" | "complete">;

export const resizeImage =
  <Tx>(deps: Deps<Tx>) =>
  async ({ uploadId, source = UPLOAD }: Payload<typeof imageResize>, run: ImageRun<Tx>): Promise<string> => {
    if (!(await deps.findUpload(uploadId))) return "skipped: the upload is gone";

    const { width, height, widths, pixels } = await open(deps, uploadId, source, run.signal);
    const isUpload = source === UPLOAD;
    const folder = isUpload ? "image" : source.replace(/\.[^./]+$/, "");
    const placeholder = await placeholderOf(pixels, run.signal);
    const write: Write = (path, body, type) => deps.write(uploadId, path, body, type);
    const files = await makeVariants({ pixels, widths, folder, write }, run);

    return run.complete(async (tx) => {
      await deps.publish(tx, { uploadId, isUpload, folder, files, width, height, placeholder });
      return `made ${files.length} files`;
    });
  };

/** The path of what was uploaded. */
const UPLOAD = "source";

type Write = (path: string, body: Buffer, contentType: string) => Promise<void>;

/** Reports the problem to the upload's owner before the job goes to the dead letter. */
const open = async <Tx>(
  { read, reject }: Deps<Tx>,
  uploadId: string,
  source: string,
  signal: AbortSignal,
): Promise<Image> => {
  try {
    const file = await read(uploadId, source);
    if (!file) throw new PermanentError("The file is missing. Please upload it again.");
    return await decode(file, signal);
  } catch (error) {
    if (error instanceof PermanentError && source === UPLOAD) await reject(uploadId, error.message);
    throw error;
  }
};

interface Making {
  pixels: Pixels;
  widths: readonly number[];
  folder: string;
  write: Write;
}

/** Makes every file. If one fails, no other is still under way when this rejects. */
const makeVariants = async (
  { pixels, widths, folder, write }: Making,
  run: Pick<Run, "signal" | "progress">,
): Promise<Variant[]> => {
  const failed = new AbortController();
  const signal = AbortSignal.any([run.signal, failed.signal]);
  const names = Object.keys(formats) as Format[];
  let done = 0;

  const make = async (scaling: Promise<Pixels>, format: Format): Promise<Variant> => {
    const scaled = await scaling;
    const body = await encode(scaled, format, signal);
    signal.throwIfAborted();
    const { width, height } = scaled;
    const path = `${folder}/${width}.${format}`;
    const { contentType } = formats[format];
    await write(path, body, contentType);
    await run.progress(++done / (widths.length * names.length));
    return { path, contentType, bytes: body.length, width, height };
  };

  const making = widths.flatMap((width) => {
    const scaling = scale(pixels, width, signal);
    return names.map((format) => make(scaling, format));
  });
  try {
    return await Promise.all(making);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(making);
    throw error;
  }
};
