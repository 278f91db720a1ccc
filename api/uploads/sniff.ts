import { buffer } from "node:stream/consumers";
import { fileTypeFromBuffer } from "file-type";
import type { Storage } from "../../infra/storage/storage.ts";

/** Bytes that file-type needs to detect every supported type. */
const HEADER_BYTES = 4_100;

/** Detects the type of an object from its first bytes with file-type; undefined if the type is unknown. */
export const sniff = async (storage: Storage, key: string): Promise<string | undefined> => {
  const start = await buffer(await storage.read(key, { start: 0, end: HEADER_BYTES - 1 }));
  return (await fileTypeFromBuffer(start))?.mime;
};
