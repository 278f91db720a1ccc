import { crc32, inflateRawSync } from "node:zlib";

/** A file in a ZIP. */
export interface ZipEntry {
  path: string;
  isStored: boolean;
  content: Buffer;
}

/**
 * Reads a ZIP by its central directory, and checks everything that a program that unpacks it relies on: sizes,
 * checksums, and paths that are unique and stay in the folder.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export const readZip = (zip: Buffer): Map<string, ZipEntry> => {
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06"));
  if (end < 0) throw new Error("the ZIP has no end");
  const entries = new Map<string, ZipEntry>();
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  if (at + zip.readUInt32LE(end + 12) !== end)
    throw new Error("the central directory is not where it should be");
  for (let index = 0; index < count; index++) {
    const { entry, length } = readEntry(zip, at);
    const key = entry.path.toLowerCase();
    if (entries.has(key)) throw new Error(`${entry.path} is in the ZIP twice`);
    entries.set(key, entry);
    at += length;
  }
  if (at !== end) throw new Error("the central directory has another length");
  return new Map([...entries.values()].map((entry) => [entry.path, entry]));
};

const readEntry = (zip: Buffer, at: number): { entry: ZipEntry; length: number } => {
  if (zip.readUInt32LE(at) !== 0x02014b50) throw new Error("this is not an entry of the central directory");
  const [flags, method] = [zip.readUInt16LE(at + 8), zip.readUInt16LE(at + 10)];
  const [checksum, packed, size] = [16, 20, 24].map((offset) => zip.readUInt32LE(at + offset)) as Numbers;
  const [name, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset)) as Numbers;
  if ((flags & 0x800) === 0) throw new Error("the name is not in UTF-8");
  const path = zip.toString("utf8", at + 46, at + 46 + name);
  checkPath(path);

  const local = zip.readUInt32LE(at + 42);
  if (zip.readUInt32LE(local) !== 0x04034b50) throw new Error(`${path} has no header`);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const bytes = zip.subarray(start, start + packed);
  const content = method === 0 ? bytes : inflateRawSync(bytes);
  if (content.length !== size || crc32(content) !== checksum) throw new Error(`${path} is damaged`);
  return { entry: { path, isStored: method === 0, content }, length: 46 + name + extra + comment };
};

type Numbers = [number, number, number];

const checkPath = (path: string) => {
  const parts = path.split("/");
  const isSafe = parts.every(
    (part) => part.trim() !== "" && !/^\.+$|[\\:<>"|?*\p{Cc}\p{Cf}]|[. ]$/u.test(part),
  );
  if (!isSafe || path !== path.normalize()) throw new Error(`${JSON.stringify(path)} is not a safe path`);
};
