import { createReadStream, createWriteStream } from "node:fs";
import { open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Conversion, Ffmpeg } from "./ffmpeg.ts";
import { withFolder } from "./folder.ts";
import type { Probe } from "./probe.ts";

/** Of the storage: the two functions that media work needs. */
interface Objects {
  read(key: string): Promise<Readable>;
  write(key: string, body: Readable, contentType: string): Promise<void>;
}

/** A stored object, as it is recorded. */
export interface Stored {
  path: string;
  contentType: string;
  bytes: number;
}

/** A folder with an upload's source in it, and what can be done there. All names are names in that folder. */
export interface Workspace {
  /** What the source holds, or nothing when it is neither video nor sound. */
  source: Probe | undefined;
  /** Converts the source. */
  convert(conversion: Pick<Conversion, "before" | "output" | "onProgress">): Promise<void>;
  files(): Promise<string[]>;
  /** The first bytes of a file, at most as many as named, or all of it. Nothing when there is no such file. */
  read(file: string, most?: number): Promise<Buffer | undefined>;
  write(file: string, text: string): Promise<void>;
  /** Copies a file to `path` below the upload, replacing what was there. */
  store(file: string, path: string, contentType: string): Promise<Stored>;
}

/** Does work on an upload in a folder that is gone afterwards, however the work ends. */
export type InWorkspace = <Result>(
  uploadId: string,
  signal: AbortSignal,
  work: (workspace: Workspace) => Promise<Result>,
) => Promise<Result>;

const SOURCE = "source";

export const createInWorkspace =
  (storage: Objects, ffmpeg: Ffmpeg): InWorkspace =>
  (uploadId, signal, work) =>
    withFolder(async (folder) => {
      const at = (file: string) => join(folder, file);
      const keyOf = (path: string) => `uploads/${uploadId}/${path}`;
      await pipeline(await storage.read(keyOf(SOURCE)), createWriteStream(at(SOURCE)), { signal });
      return work({
        source: await ffmpeg.probe(folder, SOURCE, signal),
        convert: (conversion) => ffmpeg.convert({ folder, input: SOURCE, signal, ...conversion }),
        files: () => readdir(folder),
        read: (file, most) => readStart(at(file), most),
        write: (file, text) => writeFile(at(file), text),
        store: async (file, path, contentType) => {
          signal.throwIfAborted();
          await storage.write(keyOf(path), createReadStream(at(file)), contentType);
          return { path, contentType, bytes: (await stat(at(file))).size };
        },
      });
    });

const readStart = async (path: string, most?: number): Promise<Buffer | undefined> => {
  try {
    if (most === undefined) return await readFile(path);
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};
