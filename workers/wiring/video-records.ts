import type { Database, Tx } from "../../infra/database.ts";
import { createFailUpload, makeUploadReady } from "./upload-outcome.ts";

interface File {
  path: string;
  contentType: string;
  bytes: number;
}

/** The rows of a video, as its jobs read and write them. */
export const createVideoRecords = (prisma: Database["prisma"]) => ({
  findUpload: (id: string) =>
    prisma.upload.findUnique({ where: { id }, select: { seconds: true, completedAt: true } }),

  fail: createFailUpload(prisma),

  /** Records the renditions and the master playlist in place of earlier ones. */
  saveVideo: async (
    tx: Tx,
    uploadId: string,
    { master, renditions, ...facts }: Facts & { master: File; renditions: (File & Size)[] },
  ): Promise<void> => {
    await tx.upload.update({ where: { id: uploadId }, data: facts });
    await replaceFiles(tx, uploadId, "RENDITION", renditions);
    await replaceFiles(tx, uploadId, "PLAYLIST", [master]);
  },

  /** Records subtitles and the note in place of earlier ones. Resolves with whether the video is already published. */
  saveSubtitles: async (
    tx: Tx,
    uploadId: string,
    files: readonly File[],
    note: string | null,
  ): Promise<boolean> => {
    await lock(tx, uploadId);
    await replaceFiles(tx, uploadId, "SUBTITLES", files);
    const { state } = await tx.upload.update({ where: { id: uploadId }, data: { note } });
    return state === "READY";
  },

  /** The playlist of the subtitles. */
  findSubtitles: (uploadId: string) => findSubtitles(prisma, uploadId),

  /**
   * Makes the upload ready with this master playlist and no other. An undefined note keeps the earlier one.
   * @throws Error when the subtitles have changed, so that the playlist is out of date
   */
  publish: async (
    tx: Tx,
    uploadId: string,
    { master, subtitles, note }: { master: File; subtitles: string | undefined; note: string | undefined },
  ): Promise<void> => {
    await lock(tx, uploadId);
    if ((await findSubtitles(tx, uploadId))?.path !== subtitles)
      throw new Error("the subtitles have changed since they were read");
    await replaceFiles(tx, uploadId, "PLAYLIST", [master]);
    await makeUploadReady(tx, uploadId, note === undefined ? {} : { note });
  },
});

interface Size {
  width: number;
  height: number;
}

interface Facts extends Size {
  seconds: number;
}

/** Serializes the writing of subtitles and the publishing. */
const lock = (tx: Tx, uploadId: string) =>
  tx.$queryRaw`SELECT FROM "Upload" WHERE id = ${uploadId}::uuid FOR UPDATE`;

const findSubtitles = ({ uploadFile }: Pick<Tx, "uploadFile">, uploadId: string) =>
  uploadFile.findFirst({
    where: { uploadId, role: "SUBTITLES", path: { endsWith: ".m3u8" } },
    select: { path: true },
  });

const replaceFiles = async (
  tx: Tx,
  uploadId: string,
  role: "RENDITION" | "PLAYLIST" | "SUBTITLES",
  files: readonly (File & Partial<Size>)[],
) => {
  await tx.uploadFile.deleteMany({ where: { uploadId, role } });
  await tx.uploadFile.createMany({
    data: files.map(({ path, contentType, bytes, width, height }) => ({
      ...{ uploadId, path, role, contentType, bytes },
      ...(width && height && { width, height }),
    })),
  });
};
