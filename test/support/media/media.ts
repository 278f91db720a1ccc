import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, vi, type TestContext } from "vitest";
import { type Binaries, findBinaries } from "../../../infra/media/binaries.ts";

const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath } = process.env;
const find = () => findBinaries({ ffmpegPath, ffprobePath });
let found: ReturnType<typeof find> | undefined;

/** ffmpeg and ffprobe as the project finds them. @throws Error that says what to install */
export const binaries = async (): Promise<Binaries> => {
  const result = await (found ??= find());
  if ("missing" in result) throw new Error(result.missing);
  return result;
};

/** Every ffmpeg with its ffprobe that the project may use here: the ones it finds, and those of the npm packages. */
export const allBinaries = async (): Promise<Binaries[]> => {
  const own = await find();
  vi.stubEnv("PATH", "");
  const packaged = await findBinaries({});
  vi.unstubAllEnvs();
  const usable = [own, packaged].flatMap((each) => ("missing" in each ? [] : [each]));
  return usable.filter(({ ffmpeg }, at) => usable.findIndex((each) => each.ffmpeg === ffmpeg) === at);
};

/** `describe` if ffmpeg is available. Otherwise it skips the tests and prints why. CI installs ffmpeg. */
export const describeWithFfmpeg = async () => {
  const reason = await binaries().then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (reason) console.warn(`Tests are skipped: ${reason}`);
  return reason ? describe.skip : describe;
};

/** Skips a test that inspects segments if only npm's ffprobe is available, which crashes on every MPEG-TS file. */
export const needsSegmentProbe = async ({ skip }: TestContext) => {
  const { ffprobe } = await binaries();
  skip(ffprobe.includes("@ffprobe-installer"), "npm's ffprobe cannot read MPEG-TS: install ffmpeg");
};

const run = promisify(execFile);

/** Inputs of ffmpeg for test videos: a moving pattern, and a tone. */
export const picture = (seconds: number, size = "320x240", rate = 25) =>
  ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`] as const;
export const sound = (seconds: number) =>
  ["-f", "lavfi", "-i", `sine=frequency=440:duration=${seconds}`] as const;

const quick = ["-preset", "ultrafast", "-pix_fmt", "yuv420p"] as const;

/** Creates a file with ffmpeg, with `quick` settings for videos, and the given options. Resolves with its path. */
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

/** The JSON output of ffprobe for a playlist or a file that the tests created. */
export const inspect = async (path: string, ...options: string[]) => {
  const { ffprobe } = await binaries();
  const allowed = ["-protocol_whitelist", "file,http,tcp,crypto", "-allowed_extensions", "ALL"];
  const args = ["-v", "error", ...(path.includes(".m3u8") ? allowed : []), ...options];
  const { stdout } = await run(ffprobe, [...args, "-print_format", "json", path], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
};
