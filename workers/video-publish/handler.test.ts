import { expect, test } from "vitest";
import type { Child } from "../core/index.ts";
import { publishVideo } from "./handler.ts";
import type { Published } from "./handler.ts";
import { videoPublish } from "./job.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";

const master = `#EXTM3U
#EXT-X-VERSION:4
#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS="avc1.64001e"
480p/playlist.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001e"
240p/playlist.m3u8
`;

test("publishes the unchanged playlist without subtitles", async () => {
  const { result, written, published } = await perform({});
  expect(result).toBe("published without subtitles");
  expect(written).toEqual({});
  expect(published).toEqual([
    {
      master: { path: "hls/master.m3u8", contentType: "application/vnd.apple.mpegurl", bytes: master.length },
      subtitles: undefined,
      note: undefined,
    },
  ]);
});

test("adds the subtitles to every rendition, in a playlist with another name", async () => {
  const { result, written, published } = await perform({ subtitles: "hls/subtitles/en.m3u8" });
  expect(result).toBe("published with subtitles");
  expect(written).toEqual({
    "hls/subtitled.m3u8": `#EXTM3U
#EXT-X-VERSION:4
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,URI="subtitles/en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS="avc1.64001e",SUBTITLES="subtitles"
480p/playlist.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001e",SUBTITLES="subtitles"
240p/playlist.m3u8
`,
  });
  expect(published).toMatchObject([
    { master: { path: "hls/subtitled.m3u8" }, subtitles: "hls/subtitles/en.m3u8", note: undefined },
  ]);
});

test("subtitles of an unknown language have no language", async () => {
  const { written } = await perform({ subtitles: "hls/subtitles/und.m3u8" });
  expect(written["hls/subtitled.m3u8"]).toContain(`NAME="Subtitles",DEFAULT=NO`);
});

test("adds a note when the transcription failed", async () => {
  const { published } = await perform({ children: [child("video-transcribe", "FAILED")] });
  expect(published[0]?.note).toMatch(/^No subtitles: the transcription service was unavailable/);
});

test("adds no note when a poster failed", async () => {
  const children = [child("image-resize", "FAILED"), child("video-transcribe", "COMPLETED")];
  expect((await perform({ children })).published[0]?.note).toBeUndefined();
});

test("skips a deleted upload", async () => {
  expect(await perform({ isDeleted: true })).toMatchObject({
    result: "skipped: the upload no longer exists",
    published: [],
  });
});

const child = (name: string, state: Child["state"]): Child => ({
  ...{ id: name, name, payload: {}, state, result: null, error: null },
});

const perform = async ({
  subtitles,
  children = [],
  isDeleted = false,
}: {
  subtitles?: string;
  children?: Child[];
  isDeleted?: boolean;
}) => {
  const written: Record<string, string> = {};
  const published: Published[] = [];
  const handler = publishVideo<string>({
    findUpload: async () => (isDeleted ? null : {}),
    findSubtitles: async () => (subtitles ? { path: subtitles } : null),
    read: async () => master,
    write: async (_id, path, text) => void (written[path] = text),
    publish: async (tx, _id, video) => {
      expect(tx).toBe("tx");
      published.push(video);
    },
  });
  const result = await handler(videoPublish.payload.parse({ uploadId }), {
    children: async () => children,
    complete: (effect) => effect("tx"),
  });
  return { result, written, published };
};
