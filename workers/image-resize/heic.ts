import { once } from "node:events";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { PermanentError } from "../core/index.ts";

/** What the thread receives. */
export interface Order {
  file: Uint8Array;
  maxPixels: number;
  /** Of the decoder, in bytes. */
  maxMemory: number;
}

/** Decoded and upright, in the file's colour space. */
export interface Picture {
  /** Four bytes per pixel: red, green, blue, alpha. */
  data: Uint8Array;
  width: number;
  height: number;
  hasAlpha: boolean;
  isPremultiplied: boolean;
}

/** Milliseconds. 50 megapixels take about 5 s on a slow processor. */
const TIMEOUT = 60_000;

/** Whether the optional package libheif-js is installed. */
export const canDecodeHeic = (): boolean => {
  try {
    return Boolean(createRequire(import.meta.url).resolve("libheif-js"));
  } catch {
    return false;
  }
};

/**
 * Decodes the primary image of a HEIC in a separate thread, which ends when the signal aborts.
 * @throws PermanentError after a minute
 * @throws Error with the decoder's messages
 */
export const decodeHeic = async (
  file: Buffer,
  limits: Omit<Order, "file">,
  signal: AbortSignal,
): Promise<Picture> => {
  signal.throwIfAborted();
  const order: Order = { file, ...limits };
  // The decoder prints its errors. They are read here, so that they do not appear between the lines of the log.
  const thread = new Worker(new URL("./heic-thread.ts", import.meta.url), {
    workerData: order,
    stdout: true,
    stderr: true,
  });
  const printed = Promise.all([text(thread.stdout), text(thread.stderr)]);
  const timeout = AbortSignal.timeout(TIMEOUT);
  try {
    const ended = { signal: AbortSignal.any([signal, timeout]) };
    const [picture] = (await once(thread, "message", ended)) as [Picture | undefined];
    if (picture) return picture;
  } catch (error) {
    signal.throwIfAborted();
    throw timeout.aborted
      ? new PermanentError("The image takes too long to decode.", { cause: error })
      : error;
  } finally {
    await thread.terminate();
  }
  throw new Error((await printed).join("").slice(0, 1_000));
};
