import { createReadStream } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import type { Binaries } from "../../../infra/media/binaries.ts";
import { createFfmpeg } from "../../../infra/media/ffmpeg.ts";
import { createInWorkspace } from "../../../infra/media/workspace.ts";
import type { Child } from "../../../workers/core/index.ts";
import { encodeVideo } from "../../../workers/video-encode/handler.ts";
import { renditionHeights } from "../../../workers/video-encode/job.ts";
import { packageVideo, type Video } from "../../../workers/video-package/handler.ts";
import { binaries } from "./media.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";

/** The result for a file: its renditions in a folder, or the message for the user. */
export interface Outcome {
  folder: string;
  problems: string[];
  results: unknown[];
  video: Video | undefined;
}

/**
 * Encodes and packages a file with the real ffmpeg and the real handlers, on a folder instead of a storage and a
 * ledger.
 */
export const encodeAll = async (
  file: string,
  folder: string,
  { attempt = 2, programs }: { attempt?: number; programs?: Binaries } = {},
): Promise<Outcome> => {
  const at = (key: string) => join(folder, key.replace(`uploads/${uploadId}/`, ""));
  await mkdir(folder, { recursive: true });
  await copyFile(file, at("source"));
  const write = async (key: string, body: Readable | string) => {
    await mkdir(dirname(at(key)), { recursive: true });
    await writeFile(at(key), body);
  };
  const storage = { read: async (key: string) => createReadStream(at(key)), write };
  const inWorkspace = createInWorkspace(storage, createFfmpeg(programs ?? (await binaries())));

  const problems: string[] = [];
  const signal = new AbortController().signal;
  const encode = encodeVideo({
    findUpload: async () => ({}),
    reject: async (_id, problem) => void problems.push(problem),
    inWorkspace,
  });
  const results: unknown[] = [];
  for (const height of renditionHeights) {
    const run = { attempt, signal, progress: async () => {} };
    results.push(await encode({ uploadId, height }, run).catch((error: Error) => error));
  }

  let video: Video | undefined;
  if (problems.length === 0) {
    const children = results.map((result, index): Child => ({
      ...{ id: `${index}`, name: "video-encode", payload: {}, state: "COMPLETED", result, error: null },
    }));
    const pack = packageVideo<undefined>({
      findUpload: async () => ({}),
      write: (id, path, text) => write(`uploads/${id}/${path}`, text),
      saveVideo: async (_tx, _id, made) => void (video = made),
    });
    await pack(
      { uploadId },
      {
        children: async () => children,
        enqueueFlow: () => {},
        complete: (effect) => effect(undefined),
      },
    );
  }
  return { folder, problems, results, video };
};
