import sharp from "sharp";
import { seededRandom } from "../../processes/random.ts";

/**
 * Creates a JPEG that resembles a photograph: random patches at every scale, different for each seed. Encoders are not
 * designed for flat colours or for pure noise.
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
  const background = sharp({ create: { width, height, channels: 3, background: "grey" } });
  return background
    .composite(await Promise.all(layers))
    .jpeg({ quality: 90 })
    .toBuffer();
};
