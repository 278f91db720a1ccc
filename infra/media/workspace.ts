import { createReadStream, createWriteStream } from "node:fs";
import { open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { render, type Rendering, type Target } from "./colours.ts";
import type { Conversion, Ffmpeg } from "./ffmpeg.ts";
import { FIELDS, planFrames, readFields, samples } from "./fields.ts";
import { withTemporaryFolder } from "./folder.ts";
import type { Picture, Probe } from "./probe.ts";
import { candidates, trial, TRIAL, type Sound } from "./sound.ts";
import { ToolError } from "./tool.ts";

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
  /**
   * How to convert the source's frames to progressive frames of this size in standard colours, and their rate. Decodes
   * up to 150 frames. @throws Error when the source has no video
   */
  picture(size: { width: number; height: number }, target: Target): Promise<Rendering & { rate: string }>;
  /** The first audio track that can be decoded, and how. Undefined when there is none. */
  sound(): Promise<Sound | undefined>;
  /** The streams of an MPEG-TS file that `convert` has written. */
  inspect(file: string): Promise<Probe | undefined>;
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
      const source = await ffmpeg.probe(folder, SOURCE, signal);
      const convert: Workspace["convert"] = (conversion) =>
        ffmpeg.convert({ folder, input: SOURCE, signal, ...conversion });
      const read: Workspace["read"] = (file, max) => readStart(at(file), max);
      return work({
        ...{ source, convert, read },
        picture: async (size, target) => {
          if (!source?.video) throw new Error("the source has no video");
          const { video, seconds } = source;
          const { filters, rate } = await progressive({ convert, read }, video, seconds);
          const rendering = render(video, size, target);
          return { ...rendering, filters: [...filters, ...rendering.filters], rate };
        },
        sound: () => findSound({ convert, read }, source?.audio ?? []),
        inspect: (file) => ffmpeg.inspect(folder, file, signal),
        files: () => readdir(folder),
        write: (file, text) => writeFile(at(file), text),
        store: async (file, path, contentType) => {
          signal.throwIfAborted();
          await storage.write(keyOf(path), createReadStream(at(file)), contentType);
          return { path, contentType, bytes: (await stat(at(file))).size };
        },
      });
    });

type Tools = Pick<Workspace, "convert" | "read">;

const progressive = async ({ convert, read }: Tools, video: Picture, seconds: number | undefined) => {
  const found = [];
  for (const sample of samples(video, seconds))
    if (await succeeds(convert(sample))) found.push(readFields((await read(FIELDS))?.toString() ?? ""));
  return planFrames(video, found);
};

const findSound = async ({ convert, read }: Tools, tracks: Probe["audio"]): Promise<Sound | undefined> => {
  for (const sound of candidates(tracks))
    if ((await succeeds(convert({ output: trial(sound) }))) && (await read(TRIAL, 1))?.length) return sound;
  return undefined;
};

/** Whether ffmpeg could do it. What stops it from outside is thrown: a signal, a limit. */
const succeeds = async (conversion: Promise<void>): Promise<boolean> => {
  try {
    await conversion;
    return true;
  } catch (error) {
    if (error instanceof ToolError && error.exitCode !== null && error.exitCode !== TERMINATED) return false;
    throw error;
  }
};

/** ffmpeg's exit code after SIGTERM. */
const TERMINATED = 255;

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
