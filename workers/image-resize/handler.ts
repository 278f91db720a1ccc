import { PermanentError, type Payload, type Run } from "../core/index.ts";
import { decode, encode, placeholderOf, scale } from "./image.ts";
import type { Image, Pixels } from "./image.ts";
import type { imageResize } from "./job.ts";
import { formats } from "./sizes.ts";
import type { Format } from "./sizes.ts";

/** One output file. */
export interface Variant {
  /** Below the upload, such as image/480.webp. */
  path: string;
  contentType: string;
  bytes: number;
  width: number;
  height: number;
}

/** All output files of one image. */
export interface Variants {
  uploadId: string;
  /** Whether the image is the upload itself. False for a part of one, such as a poster of a video. */
  isUpload: boolean;
  /** Below the upload. Contains these files and no others. */
  folder: string;
  files: Variant[];
  /** Of the original, as displayed. */
  width: number;
  height: number;
  /** A data: URL. */
  placeholder: string;
  /** What the owner should know about the image. */
  note: string | null;
}

export interface Deps<Tx> {
  findUpload(id: string): Promise<object | null>;
  /** Resolves with undefined when there is no such object. */
  read(uploadId: string, path: string): Promise<Buffer | undefined>;
  /** Writes the object as a whole, replacing an earlier one. */
  write(uploadId: string, path: string, body: Buffer, contentType: string): Promise<void>;
  /** Replaces the folder's list of files. If the image is the upload itself, the upload is ready. */
  publish(tx: Tx, variants: Variants): Promise<unknown>;
  /** Marks the upload as failed. Its owner sees `problem`. */
  reject(uploadId: string, problem: string): Promise<unknown>;
}

type ImageRun<Tx> = Pick<Run<Tx>, "signal" | "progress" | "complete">;

export const resizeImage =
  <Tx>(deps: Deps<Tx>) =>
  async ({ uploadId, source = UPLOAD }: Payload<typeof imageResize>, run: ImageRun<Tx>): Promise<string> => {
    if (!(await deps.findUpload(uploadId))) return "skipped: the upload no longer exists";

    const { width, height, widths, pixels, isComplete } = await openImage(deps, uploadId, source, run.signal);
    const isUpload = source === UPLOAD;
    const folder = isUpload ? "image" : source.replace(/\.[^./]+$/, "");
    const placeholder = await placeholderOf(pixels, run.signal);
    const write: Write = (path, body, type) => deps.write(uploadId, path, body, type);
    const files = await createVariants({ pixels, widths, folder, write }, run);

    const note = isComplete ? null : INCOMPLETE;
    return run.complete(async (tx) => {
      await deps.publish(tx, { uploadId, isUpload, folder, files, width, height, placeholder, note });
      return `files created: ${files.length}`;
    });
  };

const INCOMPLETE = "The file is damaged or incomplete. The part that could be read is shown.";

/** The path of the original. */
const UPLOAD = "source";

type Write = (path: string, body: Buffer, contentType: string) => Promise<void>;

/** Reports the problem to the upload's owner before the job goes to the dead letter. */
const openImage = async <Tx>(
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

interface VariantSet {
  pixels: Pixels;
  widths: readonly number[];
  folder: string;
  write: Write;
}

/** Creates all files. If one fails, it rejects when no other is still in progress. */
const createVariants = async (
  { pixels, widths, folder, write }: VariantSet,
  run: Pick<Run, "signal" | "progress">,
): Promise<Variant[]> => {
  const failed = new AbortController();
  const signal = AbortSignal.any([run.signal, failed.signal]);
  const names = Object.keys(formats) as Format[];
  let done = 0;

  const createVariant = async (scaling: Promise<Pixels>, format: Format): Promise<Variant> => {
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

  const creating = widths.flatMap((width) => {
    const scaling = scale(pixels, width, signal);
    return names.map((format) => createVariant(scaling, format));
  });
  try {
    return await Promise.all(creating);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(creating);
    throw error;
  }
};
