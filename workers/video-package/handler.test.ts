import { expect, test } from "vitest";
import { PermanentError, type Child, type FlowNode } from "../core/index.ts";
import { packageVideo } from "./handler.ts";
import type { Video } from "./handler.ts";
import { videoPackage } from "./job.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";

const renditionOf = (width: number, height: number, bandwidth: number) => ({
  path: `hls/${height}p/playlist.m3u8`,
  contentType: "application/vnd.apple.mpegurl",
  bytes: 1_000,
  ...{ width, height, seconds: 9.04, bandwidth, averageBandwidth: bandwidth - 1 },
  codecs: "avc1.64001e,mp4a.40.2",
});
// As an earlier version returned it.
const small = renditionOf(426, 240, 400_000);
const large = { ...renditionOf(854, 480, 1_000_000), frameRate: 24_000 / 1_001 };

test("lists the encoded renditions, best first", async () => {
  const { result, written, saved } = await perform(["skipped: the source is only 480p", small, large]);
  expect(result).toBe("packaged 2 renditions");
  const master = `#EXTM3U
#EXT-X-VERSION:4
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=1000000,AVERAGE-BANDWIDTH=999999,RESOLUTION=854x480,FRAME-RATE=23.976,CODECS="avc1.64001e,mp4a.40.2"
480p/playlist.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=400000,AVERAGE-BANDWIDTH=399999,RESOLUTION=426x240,CODECS="avc1.64001e,mp4a.40.2"
240p/playlist.m3u8
`;
  expect(written).toEqual({ "hls/master.m3u8": master });
  expect(saved).toEqual([
    {
      ...{ width: 854, height: 480, seconds: 9.04, renditions: [large, small] },
      master: {
        path: "hls/master.m3u8",
        contentType: "application/vnd.apple.mpegurl",
        bytes: master.length,
      },
    },
  ]);
});

test("enqueues three posters and the subtitles before the publication", async () => {
  const { flows } = await perform([small]);
  const poster = (number: number) =>
    `image-resize posters/${number}.jpg continue [video-thumbnails ${number} fail-parent []]`;
  expect(flows.map(describe)).toEqual([
    `video-publish [${poster(1)}, ${poster(2)}, ${poster(3)}, video-transcribe continue []]`,
  ]);
});

test("the subtitles learn that the audio cannot be decoded", async () => {
  const payloads = async (results: unknown[]) =>
    (await perform(results)).flows[0]?.children.map(({ payload }) => payload).at(-1);
  expect(await payloads([large, small])).toEqual({ uploadId });
  expect(await payloads([large, { ...small, isMute: true }])).toEqual({ uploadId, isMute: true });
});

test("fails permanently without a rendition", async () => {
  await expect(perform(["skipped: the source is only 480p"])).rejects.toThrow(PermanentError);
});

test("skips a deleted upload", async () => {
  const { result, flows, written } = await perform([small], null);
  expect([result, flows, written]).toEqual(["skipped: the upload no longer exists", [], {}]);
});

const describe = ({ job, payload, children, ...rest }: FlowNode): string => {
  const { source, number } = payload as { source?: string; number?: number };
  const { onFailure } = rest as { onFailure?: string };
  const below = `[${children.map(describe).join(", ")}]`;
  return [job.name, source, number, onFailure, below].filter((word) => word !== undefined).join(" ");
};

const perform = async (results: unknown[], upload: object | null = {}) => {
  const written: Record<string, string> = {};
  const saved: Video[] = [];
  const flows: FlowNode[] = [];
  const children = results.map((result, index): Child => ({
    ...{ id: `${index}`, name: "video-encode", payload: {}, state: "COMPLETED", result, error: null },
  }));
  const handler = packageVideo<string>({
    findUpload: async () => upload,
    write: async (_id, path, text) => void (written[path] = text),
    saveVideo: async (tx, _id, video) => {
      expect(tx).toBe("tx");
      saved.push(video);
    },
  });
  const result = await handler(videoPackage.payload.parse({ uploadId }), {
    children: async () => children,
    enqueueFlow: (flow) => void flows.push(flow),
    complete: (effect) => effect("tx"),
  });
  return { result, written, saved, flows };
};
