import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { readProbe } from "./probe.ts";
import type { Probe } from "./probe.ts";
import { runTool, ToolError } from "./tool.ts";
import type { ResourceLimits } from "./tool.ts";

/** ffmpeg and ffprobe as handlers use them. File names are relative to `folder`. */
export interface Ffmpeg {
  /** The streams of a file, or undefined when it is not a supported video or audio file. */
  probe(folder: string, file: string, signal: AbortSignal): Promise<Probe | undefined>;
  /**
   * The streams of an MPEG-TS file that `convert` has written, in its first seconds. Undefined when it has none.
   * @throws like `convert`
   */
  inspect(folder: string, file: string, signal: AbortSignal): Promise<Probe | undefined>;
  /**
   * Converts `input`. `output` is the arguments after it. `onProgress` receives the converted seconds, about twice a
   * second.
   * @throws ToolError when ffmpeg failed; the signal's reason when that aborted, after ffmpeg has ended
   */
  convert(conversion: Conversion): Promise<void>;
}

export interface Conversion {
  folder: string;
  input: string;
  /** Arguments for the input, such as a position to start from. */
  before?: readonly string[];
  output: readonly string[];
  signal: AbortSignal;
  onProgress?(seconds: number): void;
}

const GIB = 1024 ** 3;

/** One conversion from 8K to 1080p used 0.7 GiB of memory and less than 2 GiB of address space. */
const CONVERSION: ResourceLimits = {
  // Less than the job's timeout of 4 hours, which would not count as a problem of the file.
  wall: 3.5 * 3_600_000,
  cpu: 8 * 3_600,
  memory: 4 * GIB,
  file: 16 * GIB,
  output: 1 << 26,
};
const PROBE: ResourceLimits = { wall: 60_000, cpu: 60, memory: 2 * GIB, file: 0, output: 1 << 22 };

/**
 * Before every input: only files, only these containers, no frame larger than 8K. With the protocols alone, a playlist
 * named .mp4 could read any file of this machine. (`-max_pixels` is an option of the decoder, which ffprobe has too.)
 */
const inputGuards = (formats: string) => [
  ...["-protocol_whitelist", "file"],
  ...["-format_whitelist", formats],
  ...["-max_pixels", String(8192 * 4320)],
];
const INPUT_GUARDS = inputGuards("mov,mp4,m4a,3gp,3g2,mj2,matroska,webm");

/** npm's ffprobe crashes on every MPEG-TS file, so `inspect` copies the first seconds of the streams to this one. */
const INSPECTED = "inspected.mp4";
const INSPECTED_SECONDS = 8;

export const createFfmpeg = ({ ffmpeg, ffprobe }: Binaries): Ffmpeg => {
  const probe: Ffmpeg["probe"] = async (folder, file, signal) => {
    const show = ["-v", "error", "-print_format", "json", "-show_format", "-show_streams"];
    const args = [...show, ...INPUT_GUARDS, `file:${join(folder, file)}`];
    try {
      return readProbe(JSON.parse(await runTool(ffprobe, args, { signal, limits: PROBE, folder })));
    } catch (error) {
      if (error instanceof ToolError && error.exitCode === 1) return undefined;
      throw error;
    }
  };

  const inspect: Ffmpeg["inspect"] = async (folder, file, signal) => {
    const quiet = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"];
    const copy = ["-map", "0", "-c", "copy", "-t", `${INSPECTED_SECONDS}`, "-f", "mp4", INSPECTED];
    // Without the name of the format, a very short file is not recognised.
    const args = [
      ...quiet,
      ...inputGuards("mpegts"),
      "-f",
      "mpegts",
      "-i",
      `file:${join(folder, file)}`,
      ...copy,
    ];
    await runTool(ffmpeg, args, { signal, limits: CONVERSION, folder });
    return probe(folder, INSPECTED, signal);
  };

  const convert: Ffmpeg["convert"] = async ({ folder, input, before = [], output, signal, onProgress }) => {
    const args = [
      ...["-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-progress", "pipe:1"],
      ...INPUT_GUARDS,
      // The default is one thread per processor, each with a frame in memory.
      ...["-threads", "4"],
      ...before,
      ...["-i", `file:${join(folder, input)}`],
      ...output,
    ];
    const onLine = (line: string) => {
      // Microseconds, despite the name: https://ffmpeg.org/ffmpeg.html (-progress), FFmpeg ticket 7345.
      const microseconds = /^out_time_ms=(\d+)/.exec(line)?.[1];
      if (microseconds) onProgress?.(Number(microseconds) / 1_000_000);
    };
    await runTool(ffmpeg, args, { signal, limits: CONVERSION, folder, onLine });
  };

  return { probe, inspect, convert };
};
