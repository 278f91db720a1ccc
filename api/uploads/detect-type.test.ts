import { expect, test } from "vitest";
import { detectType } from "./detect-type.ts";

const ftyp = (brands: string) => {
  const size = String.fromCharCode(8 + brands.length);
  return Buffer.from(`\0\0\0${size}ftyp${brands}`.padEnd(100, "\0"), "latin1");
};

test.each([
  ["heic\0\0\0\0mif1heic", "image/heic"],
  ["heix\0\0\0\0mif1heix", "image/heic"],
  ["heim\0\0\0\0mif1heim", "image/heic"],
  ["hevc\0\0\0\0msf1hevc", "image/heic"],
  ["mif1\0\0\0\0mif1heic", "image/heic"],
  ["mif1\0\0\0\0mif1avifmiaf", "image/avif"],
  ["avif\0\0\0\0mif1avif", "image/avif"],
  ["avis\0\0\0\0msf1avis", "image/avif"],
  ["isom\0\0\0\0isomavif", "video/mp4"],
  ["3gp5\0\0\0\x003gp5isom", "video/3gpp"],
  ["qt  \0\0\0\0qt  ", "video/quicktime"],
])("%j is %s", async (brands, type) => {
  expect(await detectType(ftyp(brands))).toBe(type);
});

test("few or no bytes have no type", async () => {
  for (const bytes of ["", "x", "\0\0\0\x18ftyp"])
    expect(await detectType(Buffer.from(bytes, "latin1"))).toBe(undefined);
});
