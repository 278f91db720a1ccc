import sharp from "sharp";
import { seededRandom } from "../../processes/random.ts";

/**
 * Something like a photograph: light and shade of every size, different for each seed. Flat colours and pure noise are
 * both unlike what encoders are made for.
 */
export const photograph = async (width: number, height: number, seed: number): Promise<Buffer> => {
  const random = seededRandom(seed);
  const layers = [3, 8, 21, 60, 170, 480, 1400].map(async (columns, index) => {
    const rows = Math.ceil((columns * height) / width);
    const opacity = 255 / (1 + 0.4 * index ** 2);
    const cells = Array.from({ length: columns * rows }, () => [
      random() * 255,
      random() * 255,
      random() * 255,
      opacity,
    ]);
    const raw = { width: columns, height: rows, channels: 4 as const };
    const patches = sharp(Buffer.from(cells.flat()), { raw });
    const resized = patches.resize(width, height, { fit: "fill", kernel: "cubic" }).raw();
    return { input: await resized.toBuffer(), raw: { width, height, channels: 4 as const } };
  });
  const ground = sharp({ create: { width, height, channels: 3, background: "grey" } });
  return ground
    .composite(await Promise.all(layers))
    .jpeg({ quality: 90 })
    .toBuffer();
};
