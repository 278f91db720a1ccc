import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp, { type Sharp } from "sharp";
import { quarters } from "../images.ts";
import { box, boxesOf, find, itemOf } from "./boxes.ts";

// Writes the HEIC files of this folder. Needs heif-enc (Debian: libheif-examples).

const folder = await mkdtemp(join(tmpdir(), "offstage-heic-"));
const run = promisify(execFile);

const encode = async (images: Sharp[], ...options: string[]): Promise<Buffer> => {
  const paths = await Promise.all(
    images.map(async (image, index) => {
      const path = join(folder, `${index}.png`);
      await writeFile(path, await image.png().toBuffer());
      return path;
    }),
  );
  const output = join(folder, "made.heic");
  await run("heif-enc", ["-q", "60", ...options, "-o", output, ...paths]);
  return readFile(output);
};

const save = (name: string, content: Buffer) => writeFile(new URL(name, import.meta.url), content);

/** As iPhones write it: tiles, Display P3, and a rotation that the EXIF data repeats. */
const makePhone = async (): Promise<Buffer> => {
  const padded = await quarters(240, 160)
    .withIccProfile("p3")
    .extend({ right: 16, bottom: 96, extendWith: "copy" })
    .png()
    .toBuffer();
  const tiles: Buffer[] = [];
  for (const [left, top] of [
    [0, 0],
    [128, 0],
    [0, 128],
    [128, 128],
  ] as const)
    tiles.push(
      await encode([sharp(padded).extract({ left, top, width: 128, height: 128 }).keepIccProfile()]),
    );
  return assemble(tiles);
};

/** Four equal tiles as one grid of 240 × 160 pixels, rotated by 90° clockwise. */
const assemble = (tiles: Buffer[]): Buffer => {
  const properties = tiles.map((tile) => find(tile, "meta", "iprp", "ipco"));
  const first = boxesOf(properties[0]!);
  const take = (type: string) => first.find((each) => each.type === type)!.whole;
  const hvcC = boxesOf(properties[0]!).find(({ type }) => type === "hvcC")!;
  for (const each of properties)
    if (
      !boxesOf(each)
        .find(({ type }) => type === "hvcC")!
        .body.equals(hvcC.body)
    )
      throw new Error("the tiles have different headers");
  const u16 = (...values: number[]) =>
    Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])));
  const u32 = (...values: number[]) =>
    Buffer.concat(values.map((value) => u16(Math.floor(value / 65_536), value % 65_536)));
  const grid = Buffer.concat([Buffer.from([0, 0, 1, 1]), u16(240, 160)]);
  const tiff = Buffer.concat([
    Buffer.from("MM\0*"),
    u32(8),
    u16(1),
    u16(0x0112, 3),
    u32(1),
    u16(6, 0),
    u32(0),
  ]);
  const exif = Buffer.concat([u32(6), Buffer.from("Exif\0\0"), tiff]);
  const items = [...tiles.map(itemOf), grid, exif];
  const infe = (id: number, type: string) =>
    box("infe", Buffer.concat([u32(0x02000000 + (id <= 4 ? 1 : 0)), u16(id, 0), Buffer.from(`${type}\0`)]));
  const ipco = box(
    "ipco",
    Buffer.concat([
      take("hvcC"),
      box("ispe", Buffer.concat([u32(0, 128, 128)])),
      take("colr"),
      box("ispe", Buffer.concat([u32(0, 240, 160)])),
      box("irot", Buffer.from([3])),
    ]),
  );
  const tileProperties = [1, 2, 3, 4].map((id) => Buffer.concat([u16(id), Buffer.from([3, 0x81, 2, 3])]));
  const ipma = box(
    "ipma",
    Buffer.concat([u32(0, 5), ...tileProperties, u16(5), Buffer.from([3, 4, 3, 0x85])]),
  );
  const iref = box(
    "iref",
    Buffer.concat([u32(0), box("dimg", u16(5, 4, 1, 2, 3, 4)), box("cdsc", u16(6, 1, 5))]),
  );
  const types = ["hvc1", "hvc1", "hvc1", "hvc1", "grid", "Exif"];
  const makeMeta = (start: number): Buffer => {
    let at = start;
    const places = items.map((item, index) => {
      const place = Buffer.concat([u16(index + 1, 0, 1), u32(at, item.length)]);
      at += item.length;
      return place;
    });
    return box(
      "meta",
      Buffer.concat([
        u32(0),
        box("hdlr", Buffer.concat([u32(0, 0), Buffer.from("pict"), u32(0, 0, 0), Buffer.from([0])])),
        box("pitm", Buffer.concat([u32(0), u16(5)])),
        box(
          "iinf",
          Buffer.concat([u32(0), u16(items.length), ...types.map((type, index) => infe(index + 1, type))]),
        ),
        iref,
        box("iprp", Buffer.concat([ipco, ipma])),
        box("iloc", Buffer.concat([u32(0), u16(0x4400, items.length), ...places])),
      ]),
    );
  };
  const ftyp = box("ftyp", Buffer.from("heic\0\0\0\0mif1heic"));
  const dataAt = ftyp.length + makeMeta(0).length + 8;
  return Buffer.concat([ftyp, makeMeta(dataAt), box("mdat", Buffer.concat(items))]);
};

/** Two images, of which the second is the primary one. */
const makeTwo = async (): Promise<Buffer> => {
  const file = await encode([quarters(128, 64).negate(), quarters(240, 160)]);
  const primary = find(file, "meta", "pitm");
  primary.writeUInt16BE(2, 4);
  return file;
};

await save("phone.heic", await makePhone());
await save("two.heic", await makeTwo());
await save("alpha.heic", await encode([quarters(240, 160).ensureAlpha(0.5)]));
const darker = quarters(240, 160).linear(0.5).ensureAlpha(0.5);
await save("premultiplied.heic", await encode([darker], "--premultiplied-alpha"));
await save("ten-bits.heic", await encode([quarters(240, 160).toColourspace("rgb16")], "-b", "10"));
await save("large.heic", await encode([quarters(2_400, 1_600)], "-q", "20"));
await rm(folder, { recursive: true });
