import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Binaries } from "../../../infra/media/binaries.ts";
import type { Colours } from "../../../infra/media/probe.ts";

const run = promisify(execFile);

/** Red and blue in the luminance of each matrix (ITU-R BT.601, BT.709). */
const WEIGHTS: Record<string, [number, number]> = {
  ...{ bt709: [0.2126, 0.0722], smpte170m: [0.299, 0.114], bt470bg: [0.299, 0.114] },
};

/** Five frames of a file in one byte per pixel: their luminance. `first` is the number of the first. */
export const luminance = ({ ffmpeg }: Binaries, file: string, first = 0): Promise<Buffer> =>
  firstFrames(ffmpeg, file, 5, `trim=start_frame=${first},format=gray`);

/** The colour of one pixel, as a player shows it that reads these tags. */
export const pixelOf = async ({ ffmpeg }: Binaries, file: string, { matrix = "", range }: Colours) => {
  const [red, blue] = WEIGHTS[matrix] ?? [NaN, NaN];
  if (range !== "tv") throw new Error(`the range is ${range}`);
  const yuv = await firstFrames(ffmpeg, file, 1, "crop=2:2:8:8,format=yuv420p");
  const y = ((yuv[0] ?? 0) - 16) * (255 / 219);
  const [u, v] = [yuv[4] ?? 0, yuv[5] ?? 0].map((value) => (value - 128) * (255 / 224)) as [number, number];
  const r = y + 2 * (1 - red) * v;
  const b = y + 2 * (1 - blue) * u;
  return [r, (y - red * r - blue * b) / (1 - red - blue), b];
};

const firstFrames = async (ffmpeg: string, file: string, frames: number, filter: string): Promise<Buffer> => {
  // A very short file is not recognised.
  const format = file.endsWith(".ts") ? ["-f", "mpegts"] : [];
  const output = ["-map", "0:v", "-frames:v", `${frames}`, "-vf", filter, "-f", "rawvideo", "-"];
  const { stdout } = await run(ffmpeg, ["-v", "error", ...format, "-i", file, ...output], {
    encoding: "buffer",
    maxBuffer: 1 << 26,
  });
  return stdout;
};

/** How much each line differs from the lines around it: large in frames of two fields with motion. */
export const combing = (pixels: Buffer, width: number): number => {
  let sum = 0;
  for (let at = width; at < pixels.length - width; at++)
    sum += Math.abs(2 * (pixels[at] ?? 0) - (pixels[at - width] ?? 0) - (pixels[at + width] ?? 0));
  return sum / pixels.length;
};
