import { readFile } from "node:fs/promises";
import { crc32, deflateSync } from "node:zlib";
import sharp, { type JpegOptions } from "sharp";

type Colour = [red: number, green: number, blue: number];

export const colours: Record<"red" | "green" | "blue" | "yellow", Colour> = {
  red: [220, 30, 40],
  green: [20, 160, 60],
  blue: [30, 60, 200],
  yellow: [240, 210, 40],
};

/**
 * Red and green above blue and yellow, so that a rotated or mirrored image is recognised. `noise` is the maximum that
 * is added to each value, by a generator that always gives the same numbers (a = 1,664,525; c = 1,013,904,223).
 */
export const quarters = (width: number, height: number, noise = 0) => {
  const { red, green, blue, yellow } = colours;
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [left, right] = y < height / 2 ? [red, green] : [blue, yellow];
      data.set(x < width / 2 ? left : right, (y * width + x) * 3);
    }
  let random = 1;
  if (noise > 0)
    for (let at = 0; at < data.length; at++) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      data[at]! += Math.floor((random / 2 ** 32) * (noise + 1));
    }
  return sharp(data, { raw: { width, height, channels: 3 } });
};

/** The colours near the four corners: upper left, upper right, lower left, lower right. */
export const cornersOf = async (file: Buffer): Promise<Colour[]> => {
  const { data, info } = await sharp(file)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): Colour => {
    const offset = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
    return [data[offset] ?? 0, data[offset + 1] ?? 0, data[offset + 2] ?? 0];
  };
  return [at(0.2, 0.2), at(0.8, 0.2), at(0.2, 0.8), at(0.8, 0.8)];
};

/** A photo like those of phones: with a location and a colour profile, and rotated only by its orientation tag. */
export const phonePhoto = (width: number, height: number, orientation: number): Promise<Buffer> =>
  quarters(width, height)
    .withIccProfile("p3")
    .withExif({
      IFD0: { Copyright: "CANARY of Ada", Make: "CANARY" },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1", GPSLongitudeRef: "W" },
    })
    .withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF>CANARY</rdf:RDF></x:xmpmeta>")
    .withMetadata({ orientation })
    .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
    .toBuffer();

/** A PNG of one colour: a small file, whatever its width and height. */
export const blankPng = (width: number, height: number): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8); // one bit of grey
  const rows = Buffer.alloc(height * (1 + Math.ceil(width / 8)));
  return png(chunk("IHDR", header), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND"));
};

/** A PNG with a compressed text, which has this many bytes uncompressed. */
export const textBombPng = async (bytes: number): Promise<Buffer> => {
  const file = await quarters(8, 8).png().toBuffer();
  const text = Buffer.concat([Buffer.from("Comment\0\0"), deflateSync(Buffer.alloc(bytes), { level: 9 })]);
  const afterHeader = 8 + 25;
  return Buffer.concat([file.subarray(0, afterHeader), chunk("zTXt", text), file.subarray(afterHeader)]);
};

const png = (...chunks: Buffer[]) => Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks]);

const chunk = (type: string, data: Buffer = Buffer.alloc(0)): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
};

/** A GIF of this many frames. The first one is `quarters`. */
export const longGif = async (frames: number): Promise<Buffer> => {
  const first = await quarters(64, 48).gif().toBuffer();
  const control = [0x21, 0xf9, 4, 0, 10, 0, 0, 0];
  const dot = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0];
  const frame = Buffer.from([...control, ...dot, 2, 2, 0x44, 1, 0]);
  const more = Array.from({ length: frames - 1 }, () => frame);
  return Buffer.concat([first.subarray(0, -1), ...more, Buffer.from([0x3b])]);
};

/** A progressive JPEG with this many more scans: a small file that takes long to decode. */
export const manyScansJpeg = async (scans: number): Promise<Buffer> => {
  const file = await quarters(2_000, 1_500).jpeg({ progressive: true }).toBuffer();
  const last = file.lastIndexOf(Buffer.from([0xff, 0xda]));
  const scan = file.subarray(last, -2);
  return Buffer.concat([
    file.subarray(0, last),
    ...Array.from({ length: scans }, () => scan),
    file.subarray(-2),
  ]);
};

/** A small JPEG whose header states this size. */
export const jpegOfSize = async (width: number, height: number, options: JpegOptions = {}) => {
  const file = await quarters(64, 48).jpeg(options).toBuffer();
  const frame = file.indexOf(Buffer.from(options.progressive ? [0xff, 0xc2] : [0xff, 0xc0]));
  file.writeUInt16BE(height, frame + 5);
  file.writeUInt16BE(width, frame + 7);
  return file;
};

/** The JPEG with a first scan of one colour, which means that there is a scan for each. */
export const colourScansJpeg = (file: Buffer): Buffer => {
  const scan = file.indexOf(Buffer.from([0xff, 0xda]));
  const header = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0];
  return Buffer.concat([file.subarray(0, scan), Buffer.from(header), file.subarray(scan + 14)]);
};

/** A file of test/support/media/heic. */
export const heic = (
  name: "phone" | "two" | "large" | "alpha" | "premultiplied" | "ten-bits",
): Promise<Buffer> => readFile(new URL(`heic/${name}.heic`, import.meta.url));

/** A small HEIC whose header states this size. */
export const heicOfSize = async (width: number, height: number): Promise<Buffer> => {
  const file = await heic("two");
  for (let at = file.indexOf("ispe"); at >= 0; at = file.indexOf("ispe", at + 1)) {
    file.writeUInt32BE(width, at + 8);
    file.writeUInt32BE(height, at + 12);
  }
  return file;
};

/** A JPEG that contains HTML, which content sniffing could take for a web page. */
export const htmlJpeg = async (): Promise<Buffer> => {
  const file = await quarters(600, 400).jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer();
  const html = Buffer.from("<html><script>CANARY</script>");
  const comment = Buffer.from([0xff, 0xfe, 0, html.length + 2]);
  return Buffer.concat([file.subarray(0, 2), comment, html, file.subarray(2), html]);
};
