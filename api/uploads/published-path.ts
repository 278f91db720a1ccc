import { posix } from "node:path";

interface Listed {
  path: string;
  role: string;
  contentType: string;
}

/** The files in the folder of a rendition. */
const SEGMENTS: Record<string, string> = {
  ".m3u8": "application/vnd.apple.mpegurl",
  ".m4s": "video/iso.segment",
  ".mp4": "video/mp4",
  ".ts": "video/mp2t",
};

/** The content type of a published path: a listed file, or a segment in the folder of a listed rendition. */
export const publishedType = (files: readonly Listed[], path: string): string | undefined => {
  const listed = files.find((file) => file.path === path);
  if (listed) return listed.contentType;
  const isSegment = files.some(
    (file) => file.role === "RENDITION" && path.startsWith(`${posix.dirname(file.path)}/`),
  );
  return isSegment ? SEGMENTS[posix.extname(path)] : undefined;
};
