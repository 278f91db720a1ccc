import { posix } from "node:path";
import { uploadKinds } from "./kinds.ts";

const types: Record<string, readonly string[]> = { ...uploadKinds.IMAGE.types, ...uploadKinds.VIDEO.types };
const extensions = new Set(Object.values(types).flat());

/** The user's file name with an extension of this type: that of another supported type is replaced. */
export const nameAs = (filename: string, contentType: string): string => {
  const expected = types[contentType];
  const { name, ext } = posix.parse(filename);
  const extension = ext.slice(1).toLowerCase();
  if (!expected || expected.includes(extension)) return filename;
  return `${extensions.has(extension) ? name : filename}.${expected[0]}`;
};
