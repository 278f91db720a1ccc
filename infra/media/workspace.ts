import { createReadStream, createWriteStream } from "node:fs";
import { open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Conversion, Ffmpeg } from "./ffmpeg.ts";
import { withTemporaryFolder } from "./folder.ts";
import type { Probe } from "./probe.ts";

/** The two functions of the storage that media jobs need. */
interface Objects {
  read(key: string): Promise<Readable>;
  write(key: string, body: Readable, contentType: string): Promise<void>;
}

/** A stored object. */
export interface Stored {
  path: string;
  contentType: string;
  bytes: number;
}

/** A temporary folder that contains an upload's source. File names are relative to it. */
export interface Workspace {
  /** The streams of the source, or undefined when it is not a supported video or audio file. */
  source: Probe | undefined;
  /** Converts the source. */
  convert(conversion: Pick<Conversion, "before" | "output" | "onProgress">): Promise<void>;
  files(): Promise<string[]>;
  /** The first `max` bytes of a file, or all of it. Resolves with undefined when there is no such file. */
  read(file: string, max?: number): Promise<Buffer | undefined>;
  write(file: string, text: string): Promise<void>;
  /** Copies a file to `path` below the upload, replacing an earlier object. */
  store(file: string, path: string, contentType: string): Promise<Stored>;
}

/** Runs work on an upload in a temporary folder, which is removed when the work ends or fails. */
export type InWorkspace = <Result>(
  uploadId: string,
  signal: AbortSignal,
  work: (workspace: Workspace) => Promise<Result>,
) => Promise<Result>;

const SOURCE = "source";

export const createInWorkspace =
  (storage: Objects, ffmpeg: Ffmpeg): InWorkspace =>
  (uploadId, signal, work) =>
    withTemporaryFolder(async (folder) => {
      const at = (file: string) => join(folder, file);
      const keyOf = (path: string) => `uploads/${uploadId}/${path}`;
      await pipeline(await storage.read(keyOf(SOURCE)), createWriteStream(at(SOURCE)), { signal });
      return work({
        source: await ffmpeg.probe(folder, SOURCE, signal),
        convert: (conversion) => ffmpeg.convert({ folder, input: SOURCE, signal, ...conversion }),
        files: () => readdir(folder),
        read: (file, max) => readStart(at(file), max),
        write: (file, text) => writeFile(at(file), text),
        store: async (file, path, contentType) => {
          signal.throwIfAborted();
          await storage.write(keyOf(path), createReadStream(at(file)), contentType);
          return { path, contentType, bytes: (await stat(at(file))).size };
        },
      });
    });

const readStart = async (path: string, max?: number): Promise<Buffer | undefined> => {
  try {
    if (max === undefined) return await readFile(path);
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(max), 0, max, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};
