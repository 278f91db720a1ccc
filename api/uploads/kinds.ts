import type { UploadKind } from "../../prisma/client/enums.ts";

const MEGABYTE = 1_000_000;

interface Rule {
  maxBytes: number;
  /** The types that a file may have → the extensions of their names, the usual one first. */
  types: Record<string, readonly string[]>;
  /** Other names of these types, which clients may declare. */
  aliases: readonly string[];
}

/** The supported kinds of uploads. */
export const uploadKinds: Record<UploadKind, Rule> = {
  IMAGE: {
    // JPEGs of 200 megapixels have 30 to 80 MB.
    maxBytes: 100 * MEGABYTE,
    types: {
      "image/jpeg": ["jpg", "jpeg", "jpe", "jfif"],
      "image/png": ["png"],
      "image/webp": ["webp"],
      "image/avif": ["avif"],
      "image/gif": ["gif"],
      "image/heic": ["heic", "heif", "hif"],
    },
    aliases: [
      "image/jpg",
      "image/pjpeg",
      "image/x-png",
      "image/apng",
      "image/heif",
      "image/heic-sequence",
      "image/heif-sequence",
    ],
  },
  VIDEO: {
    maxBytes: 2_000 * MEGABYTE,
    types: {
      "video/mp4": ["mp4", "m4v"],
      "video/x-m4v": ["m4v", "mp4"],
      "video/quicktime": ["mov", "qt"],
      "video/webm": ["webm"],
      "video/matroska": ["mkv"],
      "video/3gpp": ["3gp", "3gpp"],
      "video/3gpp2": ["3g2", "3gpp2"],
    },
    aliases: [
      "video/x-matroska",
      "video/mkv",
      "video/x-mkv",
      "video/mov",
      "video/x-quicktime",
      "video/m4v",
      "application/mp4",
    ],
  },
};

/** What clients declare when they do not know the type. */
export const UNKNOWN_TYPE = "application/octet-stream";

/** The types that clients may declare. */
export const declarableTypes = (kind: UploadKind): string[] => {
  const { types, aliases } = uploadKinds[kind];
  return [...Object.keys(types), ...aliases, UNKNOWN_TYPE];
};

/** The types that libheif-js decodes. They are refused where it is not installed. */
export const isHeic = (contentType: string): boolean => /^image\/hei[cf]/.test(contentType);

/** The kind of a detected type. */
export const kindOf = (contentType: string): UploadKind | undefined =>
  (["IMAGE", "VIDEO"] as const).find((kind) => Object.hasOwn(uploadKinds[kind].types, contentType));
