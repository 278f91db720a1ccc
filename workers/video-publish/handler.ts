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
  /** The playlist with subtitles, of the language that their path ends with. */
  findSubtitles(uploadId: string): Promise<{ path: string } | null>;
  read(uploadId: string, path: string): Promise<string>;
  write(uploadId: string, path: string, text: string, contentType: string): Promise<void>;
  /**
   * Makes the upload ready, with this master playlist and no other, and adds the note. Locks the upload first.
   * @throws when the subtitles are not those any more
   */
  publish(tx: Tx, uploadId: string, video: Published): Promise<unknown>;
}

export interface Published {
  master: File;
  subtitles: string | undefined;
  /** Nothing leaves an earlier one. */
  note: string | undefined;
}

export const publishVideo =
  <Tx>({ findUpload, findSubtitles, read, write, publish }: Deps<Tx>) =>
  async (
    { uploadId }: Payload<typeof videoPublish>,
    run: Pick<Run<Tx>, "children" | "complete">,
  ): Promise<string> => {
    if (!(await findUpload(uploadId))) return "skipped: the upload is gone";
    const subtitles = (await findSubtitles(uploadId))?.path;
    const plain = await read(uploadId, MASTER);
    const text = subtitles ? withSubtitles(plain, subtitles) : plain;
    // Under another name, because what was once published under a name is cached for good.
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
const NO_SUBTITLES =
  "There are no subtitles: the transcription service was out of order. They can be added later.";
