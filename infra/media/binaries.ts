import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";

/** Two programs that work together: paths, or names on PATH. */
export interface Binaries {
  ffmpeg: string;
  ffprobe: string;
}

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/**
 * Finds ffmpeg and ffprobe, each where its variable says, else on PATH, else in the optional npm packages, and tries them.
 * If one is missing, the result says what to install.
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
  const problem = (path: string) => tryOut(name, path);
  if (configured) {
    const why = await problem(configured);
    return why ? { missing: `${variable} is set, but ${why}.` } : { path: configured };
  }
  const tried = [];
  for (const path of packaged ? [name, packaged] : [name]) {
    const why = await problem(path);
    if (!why) return { path };
    tried.push(why);
  }
  return {
    missing: `${name} is needed: ${tried.join("; ")}. Install it (apt-get install ffmpeg, brew install ffmpeg), run npm install without --omit=optional, or set ${variable}.`,
  };
};

/** Why a program does not do, or nothing. */
const tryOut = async (name: string, path: string): Promise<string | undefined> => {
  const args = name === "ffmpeg" ? ["-hide_banner", "-encoders"] : ["-version"];
  const place = path === name ? "on PATH" : "there";
  try {
    const { stdout } = await run(path, args, { timeout: 20_000, maxBuffer: 1 << 20 });
    if (name === "ffprobe") return undefined;
    const lacking = ["libx264", "aac"].filter(
      (encoder) => !new RegExp(`^ \\S+ ${encoder} `, "m").test(stdout),
    );
    return lacking.length > 0 ? `the ${name} ${place} cannot encode ${lacking.join(" and ")}` : undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT"
      ? `there is no ${name} ${place}`
      : `the ${name} ${place} does not run (${String(code)})`;
  }
};

/** The npm packages throw where they have no build for the machine, and are absent under --omit=optional. */
const packagedPath = (name: string): string | undefined => {
  try {
    return (require(`@${name}-installer/${name}`) as { path: string }).path;
  } catch {
    return undefined;
  }
};
