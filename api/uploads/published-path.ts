import { posix } from "node:path";

interface Listed {
  path: string;
  role: string;
  contentType: string;
}

/** The files next to the playlist of a rendition. */
const SEGMENTS: Record<string, string> = {
  ".m3u8": "application/vnd.apple.mpegurl",
  ".m4s": "video/iso.segment",
  ".mp4": "video/mp4",
  ".ts": "video/mp2t",
};

/** The type of what is published at a path: of a listed file, or of a segment in the folder of a listed rendition. */
export const publishedType = (files: readonly Listed[], path: string): string | undefined => {
  const listed = files.find((file) => file.path === path);
  if (listed) return listed.contentType;
  const isSegment = files.some(
    (file) => file.role === "RENDITION" && path.startsWith(`${posix.dirname(file.path)}/`),
  );
  return isSegment ? SEGMENTS[posix.extname(path)] : undefined;
};
