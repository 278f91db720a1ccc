import { expect, test } from "vitest";
import { nameAs } from "./filename.ts";

test.each([
  ["holiday.jpg", "image/png", "holiday.png"],
  ["IMG_0001.JPG", "image/jpeg", "IMG_0001.JPG"],
  ["IMG_0001.HEIC", "image/jpeg", "IMG_0001.jpg"],
  ["clip.mp4", "video/quicktime", "clip.mov"],
  ["clip.m4v", "video/mp4", "clip.m4v"],
  ["holiday", "image/webp", "holiday.webp"],
  ["v1.2", "image/gif", "v1.2.gif"],
  [".png", "image/png", ".png.png"],
  ["old.mkv", "video/x-matroska", "old.mkv"],
])("%s that is %s is downloaded as %s", (filename, type, name) => {
  expect(nameAs(filename, type)).toBe(name);
});
