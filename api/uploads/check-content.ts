import { buffer } from "node:stream/consumers";
import { fileTypeFromBuffer } from "file-type";
import type { Storage } from "../../infra/storage/storage.ts";
import type { Upload } from "../../prisma/client/client.ts";
import { Problem } from "../http/problem.ts";
import { uploadKinds } from "./kinds.ts";

/** Bytes that file-type needs to detect every supported type. */
const HEADER_BYTES = 4_100;

/** Detects the type of an object from its first bytes with file-type; undefined if the type is unknown. */
const sniff = async (storage: Storage, key: string): Promise<string | undefined> => {
  const start = await buffer(await storage.read(key, { start: 0, end: HEADER_BYTES - 1 }));
  return (await fileTypeFromBuffer(start))?.mime;
};

/**
 * Checks that the received file matches its declaration. If not, removes it, so that the client can send it again.
 * @throws Problem
 */
export const checkContent = async (
  storage: Storage,
  key: string,
  { kind, contentType, bytes }: Pick<Upload, "kind" | "contentType" | "bytes">,
): Promise<void> => {
  const reject = async (problem: "wrong-size" | "wrong-content-type" | "wrong-content", detail: string) => {
    await storage.remove([key]);
    throw new Problem(problem, { detail });
  };
  const found = await storage.head(key);
  if (!found) throw new Problem("not-uploaded");
  if (found.bytes !== Number(bytes))
    return reject("wrong-size", `Declared: ${bytes} bytes. Received: ${found.bytes} bytes.`);
  if (found.contentType !== contentType)
    return reject("wrong-content-type", `Declared: ${contentType}. Received: ${found.contentType}.`);
  const actual = await sniff(storage, key);
  if (!uploadKinds[kind].types[contentType]?.includes(actual ?? ""))
    return reject("wrong-content", `Declared: ${contentType}. Detected: ${actual ?? "unknown"}.`);
};
