import { expect, test } from "vitest";
import { planFrames, readFields, samples, type Fields } from "./fields.ts";

const film = { lines: 480, rate: "30000/1001", isInterlaced: false };
const found = (change: Partial<Fields>): Fields[] => [
  { top: 0, bottom: 0, progressive: 0, repeated: 0, frames: 100, ...change },
];
const filters = (change: Partial<Fields>, source: Partial<typeof film> = {}) =>
  planFrames({ ...film, ...source }, found(change)).filters.join(",");

test("the content decides whether frames are deinterlaced", () => {
  expect(filters({ progressive: 100 })).toBe("");
  expect(filters({ top: 100 })).toBe("bwdif=mode=send_frame:parity=tff:deint=all");
  expect(filters({ bottom: 60, progressive: 40 })).toBe("bwdif=mode=send_frame:parity=bff:deint=all");
});

test("few interlaced frames, or a declaration, are decided frame by frame", () => {
  const each = /^idet=\S+,bwdif=mode=send_frame:deint=interlaced$/;
  expect(filters({ top: 10, progressive: 90 })).toMatch(each);
  expect(filters({ progressive: 100 }, { isInterlaced: true })).toMatch(each);
  expect(filters({}, { isInterlaced: true })).toMatch(each);
});

test("noise is not interlaced", () => {
  expect(filters({ top: 40, bottom: 30, progressive: 30 })).toBe("");
});

test("telecined film gets its own rate, interlaced video keeps its", () => {
  expect(planFrames(film, found({ top: 90, progressive: 10, repeated: 40 }))).toMatchObject({
    filters: [expect.stringContaining("fieldmatch=order=tff"), expect.any(String), "decimate"],
    rate: "24000/1001",
  });
  expect(planFrames({ ...film, rate: "25" }, found({ top: 100, repeated: 40 })).rate).toBe("25");
  expect(planFrames(film, found({ top: 100 })).rate).toBe("30000/1001");
});

test("samples a long video in three places, and none with more lines than an interlaced format", () => {
  const picture = { index: 1, lines: 576 };
  expect(samples(picture, 5).map(({ before }) => before)).toEqual([[]]);
  expect(samples(picture, 100).map(({ before }) => before.at(-1))).toEqual(["20.000", "50.000", "80.000"]);
  expect(samples({ ...picture, lines: 2_160 }, 100)).toEqual([]);
  expect(samples({ ...picture, lines: 2 }, 100)).toEqual([]);
});

test("reads the last sums of idet", () => {
  const frame = (tff: number) =>
    `frame:0 pts:0\nlavfi.idet.repeated.neither=${tff}.00\nlavfi.idet.repeated.top=1.00\nlavfi.idet.multiple.tff=${tff}.00\n`;
  expect(readFields(frame(1) + frame(2))).toEqual({
    top: 2,
    bottom: 0,
    progressive: 0,
    repeated: 1,
    frames: 3,
  });
  expect(readFields("")).toEqual({ top: 0, bottom: 0, progressive: 0, repeated: 0, frames: 0 });
});
