import { buffer } from "node:stream/consumers";
import { fileTypeFromBuffer } from "file-type";
import type { Storage } from "../../infra/storage/storage.ts";

/** Bytes that are enough to detect every supported type. */
const ENOUGH = 4_100;

/** The type of an object by its first bytes, as file-type names it; undefined where they are of none that it knows. */
export const sniff = async (storage: Storage, key: string): Promise<string | undefined> => {
  const start = await buffer(await storage.read(key, { start: 0, end: ENOUGH - 1 }));
  return (await fileTypeFromBuffer(start))?.mime;
};
