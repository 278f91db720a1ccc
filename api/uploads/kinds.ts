import type { UploadKind } from "../../prisma/client/enums.ts";

const MEGABYTE = 1_000_000;

interface Rule {
  maxBytes: number;
  /** The types that clients may declare → the types that file-type may detect for them. */
  types: Record<string, readonly string[]>;
}

/** The supported kinds of uploads. */
export const uploadKinds: Record<UploadKind, Rule> = {
  IMAGE: {
    maxBytes: 50 * MEGABYTE,
    types: {
      "image/jpeg": ["image/jpeg"],
      "image/png": ["image/png", "image/apng"],
      "image/webp": ["image/webp"],
      "image/avif": ["image/avif"],
      "image/gif": ["image/gif"],
    },
  },
  VIDEO: {
    maxBytes: 2_000 * MEGABYTE,
    types: {
      "video/mp4": ["video/mp4", "video/x-m4v"],
      "video/x-m4v": ["video/mp4", "video/x-m4v"],
      "video/quicktime": ["video/quicktime"],
      "video/webm": ["video/webm"],
      "video/matroska": ["video/matroska"],
      "video/x-matroska": ["video/matroska"],
    },
  },
};
