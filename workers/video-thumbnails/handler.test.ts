import { expect, test } from "vitest";
import { PermanentError } from "../core/index.ts";
import { extractPoster } from "./handler.ts";
import { videoThumbnails } from "./job.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";
const hd = { index: 0, width: 3840, height: 2160 };

test("extracts the frame of its number, at most as large as the widest image", async () => {
  const { result, conversions, stored } = await perform({ number: 2 });
  expect(result).toBe("extracted the frame at 50.0 s");
  expect(conversions).toHaveLength(1);
  expect(conversions[0]).toContain("-ss 50.000");
  expect(conversions[0]).toContain("scale=1920:1080");
  expect(stored).toEqual(["posters/2.jpg image/jpeg"]);
});

test("never enlarges, not even one line", async () => {
  const { conversions } = await perform({ video: { index: 0, width: 3, height: 1 } });
  expect(conversions[0]).toContain("scale=3:1");
});

test("extracts the first frame of a file that is shorter than declared", async () => {
  const { result, conversions } = await perform({ number: 3, frames: ["", "jpeg"] });
  expect(result).toBe("extracted the first frame");
  expect(conversions.map((each) => each.slice(0, 10))).toEqual(["-ss 90.000", "-map 0:0 -"]);
});

test("fails permanently without a frame", async () => {
  await expect(perform({ frames: ["", ""] })).rejects.toThrow(PermanentError);
  await expect(perform({ video: undefined })).rejects.toThrow(PermanentError);
});

test("skips a deleted upload", async () => {
  expect(await perform({ upload: null })).toMatchObject({
    result: "skipped: the upload no longer exists",
    stored: [],
  });
});

interface Change {
  number?: number;
  upload?: { seconds: number | null } | null;
  video?: typeof hd | undefined;
  frames?: string[];
}

const perform = async (change: Change) => {
  const conversions: string[] = [];
  const stored: string[] = [];
  const { number, upload, video, frames } = {
    ...{ number: 1, upload: { seconds: 100 }, video: hd, frames: ["jpeg"] },
    ...change,
  };
  const left = [...frames];
  const handler = extractPoster({
    findUpload: async () => upload,
    inWorkspace: (_id, _signal, work) =>
      work({
        source: { video },
        picture: async ({ width, height }, target) => ({
          filters: [`scale=${width}:${height}`, target],
          options: [],
        }),
        convert: async ({ before, output }) => void conversions.push([...before, ...output].join(" ")),
        read: async () => Buffer.from(left.shift() ?? ""),
        store: async (_file, path, contentType) => void stored.push(`${path} ${contentType}`),
      }),
  });
  const payload = videoThumbnails.payload.parse({ uploadId, number });
  const result = await handler(payload, { signal: new AbortController().signal });
  return { result, conversions, stored };
};
