import { buffer } from "node:stream/consumers";
import type { Storage } from "../../infra/storage/storage.ts";
import type { Upload } from "../../prisma/client/client.ts";
import { Problem } from "../http/problem.ts";
import { declarableTypes, kindOf, uploadKinds } from "./kinds.ts";
import { detectType, HEADER_BYTES } from "./detect-type.ts";
import type { Work } from "./work.ts";

type Accepts = Work["accepts"];
type Declared = Pick<Upload, "kind" | "contentType" | "bytes">;

/**
 * Checks that this system can process the declared type: HEIC needs an optional package.
 * @throws Problem with the types that it can process
 */
export const checkDeclaredType = (
  { kind, contentType }: Pick<Declared, "kind" | "contentType">,
  accepts: Accepts = () => true,
): void => {
  if (accepts(contentType)) return;
  const message = `Unsupported type. Supported: ${declarableTypes(kind).filter(accepts).join(", ")}.`;
  throw new Problem("invalid-request", { errors: [{ field: "contentType", message }] });
};

/**
 * Checks that the received file has the declared size and kind, and returns its type: any supported type of that kind
 * may be sent under the name of another. Otherwise removes the file, so that the client can send it again.
 * @throws Problem
 */
export const checkContent = async (
  storage: Storage,
  key: string,
  { kind, contentType, bytes }: Declared,
  accepts: Accepts = () => true,
): Promise<string> => {
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
  const type = await detectType(await buffer(await storage.read(key, { start: 0, end: HEADER_BYTES - 1 })));
  const actual = type && kindOf(type);
  if (type && actual === kind && accepts(type)) return type;
  const hint =
    actual && actual !== kind
      ? `Create an upload of the kind ${actual} for this file.`
      : `Supported: ${Object.keys(uploadKinds[kind].types).filter(accepts).join(", ")}.`;
  return reject(
    "wrong-content",
    `Declared: ${kind}, ${contentType}. Detected: ${type ?? "unknown"}. ${hint}`,
  );
};
