import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, type TestContext } from "vitest";
import { type Binaries, findBinaries } from "../../../infra/media/binaries.ts";

const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath } = process.env;
const find = () => findBinaries({ ffmpegPath, ffprobePath });
let found: ReturnType<typeof find> | undefined;

/** ffmpeg and ffprobe as the project finds them. @throws Error that says what to install */
export const binaries = async (): Promise<Binaries> => {
  const tried = await (found ??= find());
  if ("missing" in tried) throw new Error(tried.missing);
  return tried;
};

/** `describe` where there is an ffmpeg. Elsewhere it skips, and says why; CI installs one. */
export const describeWithFfmpeg = async () => {
  const why = await binaries().then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (why) console.warn(`Tests are skipped: ${why}`);
  return why ? describe.skip : describe;
};

/** Skips a test that looks into segments where only npm's ffprobe is there, which crashes on all MPEG-TS. */
export const needsSegmentProbe = async ({ skip }: TestContext) => {
  const { ffprobe } = await binaries();
  skip(ffprobe.includes("@ffprobe-installer"), "npm's ffprobe cannot read MPEG-TS: install ffmpeg");
};

const run = promisify(execFile);

/** The inputs of ffmpeg that tests make videos of: a moving pattern, and a tone. */
export const picture = (seconds: number, size = "320x240", rate = 25) =>
  ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`] as const;
export const sound = (seconds: number) =>
  ["-f", "lavfi", "-i", `sine=frequency=440:duration=${seconds}`] as const;

const quick = ["-preset", "ultrafast", "-pix_fmt", "yuv420p"] as const;

/** Makes a file with ffmpeg: what `quick` cannot say comes as `options`. Resolves with its path. */
export const makeMedia = async (
  folder: string,
  name: string,
  inputs: readonly string[],
  options: readonly string[] = [],
): Promise<string> => {
  const path = join(folder, name);
  const { ffmpeg } = await binaries();
  const video =
    inputs.some((each) => each.startsWith("testsrc2")) && /\.(mp4|mov|mkv)$/.test(name) ? quick : [];
  await run(ffmpeg, ["-v", "error", "-y", ...inputs, ...video, ...options, path]);
  return path;
};

/** What ffprobe says of a playlist or a file that we made, as JSON. */
export const inspect = async (path: string, ...options: string[]) => {
  const { ffprobe } = await binaries();
  const allowed = ["-protocol_whitelist", "file,http,tcp,crypto", "-allowed_extensions", "ALL"];
  const args = ["-v", "error", ...(path.includes(".m3u8") ? allowed : []), ...options];
  const { stdout } = await run(ffprobe, [...args, "-print_format", "json", path], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
};
