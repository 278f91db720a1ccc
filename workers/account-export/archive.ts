import { addAbortSignal, pipeline, Transform, type Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { ZipFile } from "yazl";

/** A ZIP that is read while it is written. */
export interface Archive {
  /** It is destroyed if a source fails, if the signal aborts, and if `destroy` is called. */
  readonly output: Readable;
  /** Written so far. */
  readonly bytes: number;
  /**
   * Adds a file, and destroys its source in any case. Resolves when the source is read to its end, so call it for one
   * file at a time.
   * @throws ClosedError if nothing reads the archive any more
   */
  add(path: string, source: Readable, method: "store" | "deflate"): Promise<void>;
  end(): void;
  destroy(error: Error): void;
}

/** The output was closed before the archive was complete. */
export class ClosedError extends Error {
  override name = "ClosedError";
}

/** All files get this time. The signal destroys the archive. */
export const createArchive = (mtime: Date, signal: AbortSignal): Archive => {
  const zip = new ZipFile();
  let bytes = 0;
  const output = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  const source = zip.outputStream as Readable;
  pipeline(source, output, (cause) => {
    if (cause) closed.reject(new ClosedError("the archive was closed", { cause }));
  });
  const destroy = (error: Error) => void source.destroy(error);
  zip.on("error", destroy);
  addAbortSignal(signal, output);

  return {
    output,
    get bytes() {
      return bytes;
    },
    add: async (path, file, method) => {
      // Otherwise an error of the source ends the process, and the archive waits for the rest for ever.
      file.on("error", destroy);
      try {
        const compress = method === "deflate";
        zip.addReadStreamLazy(path, { mtime, mode: 0o100644, compress }, handOver(file));
        await Promise.race([finished(file, { writable: false }), closed.promise]);
      } finally {
        file.destroy();
      }
    },
    end: () => zip.end(),
    destroy,
  };
};

/** yazl keeps the function for each file until the ZIP ends: it must not keep the file. */
const handOver = (file: Readable) => {
  let waiting: Readable | undefined = file;
  return (start: (error: unknown, source: Readable) => void): void => {
    const source = waiting;
    waiting = undefined;
    if (source) start(null, source);
  };
};
