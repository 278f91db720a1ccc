import { expect, test } from "vitest";
import { candidates } from "./sound.ts";

test("tries each track with ffmpeg's downmix, then in pairs of channels", () => {
  const tracks = [
    { index: 1, channels: 2 },
    { index: 4, channels: 3 },
  ];
  expect(candidates(tracks).map(({ index, filter }) => `${index} ${filter.split(",")[0]}`)).toEqual([
    "1 aresample=async=1:first_pts=0",
    "4 aresample=async=1:first_pts=0",
    "4 pan=stereo|c0<c0+c2|c1<c1",
  ]);
});

test("tries a limited number of tracks", () => {
  const many = Array.from({ length: 1_000 }, (_, index) => ({ index, channels: 1 }));
  expect(candidates(many)).toHaveLength(8);
});
