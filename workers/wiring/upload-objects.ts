import { buffer, text } from "node:stream/consumers";
import { ObjectMissingError, type Storage } from "../../infra/storage/storage.ts";

/** The stored objects of an upload, each by its path below the upload. */
export const createUploadObjects = (storage: Pick<Storage, "read" | "write">) => {
  const open = (uploadId: string, path: string) => storage.read(keyOf(uploadId, path));
  return {
    /** Resolves with undefined where there is no such object. */
    read: (uploadId: string, path: string): Promise<Buffer | undefined> =>
      open(uploadId, path).then(buffer, undefinedIfMissing),

    /** @throws ObjectMissingError */
    readText: async (uploadId: string, path: string): Promise<string> => text(await open(uploadId, path)),

    write: (uploadId: string, path: string, body: Buffer | string, contentType: string): Promise<void> =>
      storage.write(keyOf(uploadId, path), typeof body === "string" ? Buffer.from(body) : body, contentType),
  };
};

const keyOf = (uploadId: string, path: string) => `uploads/${uploadId}/${path}`;

const undefinedIfMissing = (error: unknown) => {
  if (error instanceof ObjectMissingError) return undefined;
  throw error;
};
