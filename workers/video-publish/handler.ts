import type { Payload, Run } from "../core/index.ts";
import type { videoPublish } from "./job.ts";
import { withSubtitles } from "./subtitles.ts";

interface File {
  path: string;
  contentType: string;
  bytes: number;
}

export interface Deps<Tx> {
  findUpload(id: string): Promise<object | null>;
  /** The playlist of the subtitles. Its file name is the language. */
  findSubtitles(uploadId: string): Promise<{ path: string } | null>;
  read(uploadId: string, path: string): Promise<string>;
  write(uploadId: string, path: string, text: string, contentType: string): Promise<void>;
  /**
   * Makes the upload ready with this master playlist only, and adds the note. Locks the upload first.
   * @throws when the subtitles have changed
   */
  publish(tx: Tx, uploadId: string, video: Published): Promise<unknown>;
}

export interface Published {
  master: File;
  subtitles: string | undefined;
  /** Undefined keeps an earlier note. */
  note: string | undefined;
}

export const publishVideo =
  <Tx>({ findUpload, findSubtitles, read, write, publish }: Deps<Tx>) =>
  async (
    { uploadId }: Payload<typeof videoPublish>,
    run: Pick<Run<Tx>, "children" | "complete">,
  ): Promise<string> => {
    if (!(await findUpload(uploadId))) return "skipped: the upload no longer exists";
    const subtitles = (await findSubtitles(uploadId))?.path;
    const plain = await read(uploadId, MASTER);
    const text = subtitles ? withSubtitles(plain, subtitles) : plain;
    // Under another name, because published files are cached permanently.
    const path = subtitles ? SUBTITLED : MASTER;
    if (subtitles) await write(uploadId, path, text, HLS);

    const master = { path, contentType: HLS, bytes: Buffer.byteLength(text) };
    const children = await run.children();
    const note = children.some(({ name, state }) => name === "video-transcribe" && state === "FAILED")
      ? NO_SUBTITLES
      : undefined;
    return run.complete(async (tx) => {
      await publish(tx, uploadId, { master, subtitles, note });
      return subtitles ? "published with subtitles" : "published without subtitles";
    });
  };

const MASTER = "hls/master.m3u8";
const SUBTITLED = "hls/subtitled.m3u8";
const HLS = "application/vnd.apple.mpegurl";
const NO_SUBTITLES = "No subtitles: the transcription service was unavailable. They can be added later.";
