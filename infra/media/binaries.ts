import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";

/** The two programs: paths, or names on PATH. */
export interface Binaries {
  ffmpeg: string;
  ffprobe: string;
}

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/**
 * Finds ffmpeg and ffprobe, each at the path in its variable, else on PATH, else in the optional npm packages, and runs
 * them. If one is missing, the result says what to install.
 */
export const findBinaries = async (
  configured: { ffmpegPath?: string | undefined; ffprobePath?: string | undefined },
  packaged: (name: string) => string | undefined = packagedPath,
): Promise<Binaries | { missing: string }> => {
  const [ffmpeg, ffprobe] = await Promise.all([
    find("ffmpeg", "FFMPEG_PATH", configured.ffmpegPath, packaged("ffmpeg")),
    find("ffprobe", "FFPROBE_PATH", configured.ffprobePath, packaged("ffprobe")),
  ]);
  const missing = [ffmpeg, ffprobe].flatMap((found) => ("missing" in found ? [found.missing] : []));
  if ("path" in ffmpeg && "path" in ffprobe) return { ffmpeg: ffmpeg.path, ffprobe: ffprobe.path };
  return { missing: missing.join(" ") };
};

const find = async (
  name: string,
  variable: string,
  configured?: string,
  packaged?: string,
): Promise<{ path: string } | { missing: string }> => {
  if (configured) {
    const problem = await problemWith(name, configured);
    return problem ? { missing: `${variable} is set, but ${problem}.` } : { path: configured };
  }
  const problems = [];
  for (const path of packaged ? [name, packaged] : [name]) {
    const problem = await problemWith(name, path);
    if (!problem) return { path };
    problems.push(problem);
  }
  return {
    missing: `${name} is needed: ${problems.join("; ")}. Install it (apt-get install ffmpeg, brew install ffmpeg), run npm install without --omit=optional, or set ${variable}.`,
  };
};

/** Why a program cannot be used, or undefined. */
const problemWith = async (name: string, path: string): Promise<string | undefined> => {
  const args = name === "ffmpeg" ? ["-hide_banner", "-encoders"] : ["-version"];
  const place = path === name ? "on PATH" : "at that path";
  try {
    const { stdout } = await run(path, args, { timeout: 20_000, maxBuffer: 1 << 20 });
    if (name === "ffprobe") return undefined;
    const missing = ["libx264", "aac"].filter(
      (encoder) => !new RegExp(`^ \\S+ ${encoder} `, "m").test(stdout),
    );
    return missing.length > 0 ? `the ${name} ${place} cannot encode ${missing.join(" and ")}` : undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT"
      ? `${name} was not found ${place}`
      : `the ${name} ${place} does not run (${String(code)})`;
  }
};

/** The npm packages throw if they have no build for the machine. With --omit=optional they are not installed. */
const packagedPath = (name: string): string | undefined => {
  try {
    return (require(`@${name}-installer/${name}`) as { path: string }).path;
  } catch {
    return undefined;
  }
};
