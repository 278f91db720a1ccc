import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { drawPictures } from "../../../scripts/report-samples/documents.ts";

/** Of 255. Less is not visible: the edge of a letter that another machine draws a little darker. */
const SLIGHT = 24;

/** Share of the pixels that may differ by more. A word is about 0.001 of a page. */
const TOLERANCE = 0.000_5;

test("sample reports look like their stored pictures", async () => {
  const changed: string[] = [];
  for await (const { name, png } of drawPictures(60)) {
    const stored = await readFile(join(import.meta.dirname, `pictures/${name}.png`));
    const share = await differing(png, stored);
    if (share > TOLERANCE)
      changed.push(`${name}: ${(share * 100).toFixed(2)} %, see ${await keep(name, png)}`);
  }
  const advice =
    "Compare them with workers/report-generate/pdf/pictures. If they are right, run `npm run samples`.";
  expect(changed, `Pages of reports look different. ${advice}`).toEqual([]);
});

test("a picture that is shifted by a pixel, or has another color, is different", async () => {
  const stored = await readFile(join(import.meta.dirname, "pictures/tasks.png"));
  const { width, height } = await sharp(stored).metadata();
  const shifted = await sharp(stored)
    .extract({ left: 1, top: 0, width: width - 1, height })
    .extend({ right: 1, background: "white" })
    .png()
    .toBuffer();
  const gray = await sharp(stored).grayscale().toColorspace("srgb").png().toBuffer();
  expect(await differing(stored, stored)).toBe(0);
  expect(await differing(shifted, stored)).toBeGreaterThan(10 * TOLERANCE);
  expect(await differing(gray, stored)).toBeGreaterThan(TOLERANCE);
});

/** The share of pixels with a channel that differs by more than a little. */
const differing = async (one: Buffer, other: Buffer): Promise<number> => {
  const [first, second] = await Promise.all([pixelsOf(one), pixelsOf(other)]);
  if (first.info.width !== second.info.width || first.info.height !== second.info.height) return 1;
  let count = 0;
  for (let at = 0; at < first.data.length; at += 3)
    if (
      [0, 1, 2].some((channel) => Math.abs(first.data[at + channel]! - second.data[at + channel]!) > SLIGHT)
    )
      count++;
  return count / (first.data.length / 3);
};

const pixelsOf = (png: Buffer) =>
  sharp(png)
    .flatten({ background: "white" })
    .toColorspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });

const keep = async (name: string, png: Buffer): Promise<string> => {
  const file = join(await mkdtemp(join(tmpdir(), "report-picture-")), `${name}.png`);
  await writeFile(file, png);
  return file;
};
