import { expect, test } from "vitest";
import { publishedType } from "./published-path.ts";

const files = [
  { path: "image/480.webp", role: "VARIANT", contentType: "image/webp" },
  { path: "hls/master.m3u8", role: "PLAYLIST", contentType: "application/vnd.apple.mpegurl" },
  { path: "hls/720/index.m3u8", role: "RENDITION", contentType: "application/vnd.apple.mpegurl" },
];

test.each([
  ["image/480.webp", "image/webp"],
  ["hls/master.m3u8", "application/vnd.apple.mpegurl"],
  ["hls/720/index.m3u8", "application/vnd.apple.mpegurl"],
  ["hls/720/seg-00001.m4s", "video/iso.segment"],
  ["hls/720/init.mp4", "video/mp4"],
  ["hls/720/seg-00001.ts", "video/mp2t"],
  ["hls/720/notes.txt", undefined],
  ["hls/480/seg-00001.m4s", undefined],
  ["hls/7200/seg-00001.m4s", undefined],
  ["hls/seg-00001.m4s", undefined],
  ["image/960.webp", undefined],
  ["source", undefined],
])("%s is published as %s", (path, type) => {
  expect(publishedType(files, path)).toBe(type);
});
