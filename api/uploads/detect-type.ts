import { fileTypeFromBuffer } from "file-type";

/** Bytes that file-type needs to detect every supported type. */
export const HEADER_BYTES = 4_100;

/** The type of a file by its first bytes, with one name per format; undefined if it is unknown. */
export const detectType = async (start: Buffer): Promise<string | undefined> => {
  const heif = detectHeif(start);
  if (heif) return heif;
  const found = (await fileTypeFromBuffer(start))?.mime;
  return found === "image/apng" ? "image/png" : found;
};

/**
 * AVIF and HEIC are the same container, HEIF, and its major brand may be that of HEIF. file-type looks at the major
 * brand only, and does not know all of them.
 */
const detectHeif = (start: Buffer): string | undefined => {
  if (start.toString("latin1", 4, 8) !== "ftyp") return undefined;
  const end = Math.min(start.readUInt32BE(0), 512);
  const brands = [
    start.toString("latin1", 8, 12),
    ...(start.toString("latin1", 16, end).match(/[^]{4}/g) ?? []),
  ];
  if (!/^(avi[fs]|hei.|hev.|mif1|msf1)$/.test(brands[0] ?? "")) return undefined;
  return brands.some((brand) => /^avi[fs]$/.test(brand)) ? "image/avif" : "image/heic";
};
