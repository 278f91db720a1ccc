import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { readProbe } from "./probe.ts";
import type { Probe } from "./probe.ts";
import { runTool, ToolError } from "./tool.ts";
import type { Limits } from "./tool.ts";

/** ffmpeg and ffprobe as handlers are given them. Files are named by their name in `folder`. */
export interface Ffmpeg {
  /** What a file holds, or nothing when it is no video or sound that we read. */
  probe(folder: string, file: string, signal: AbortSignal): Promise<Probe | undefined>;
  /**
   * Converts `input`; `output` are the arguments after it. `onProgress` gets the seconds done, about twice a second.
   * @throws ToolError when it failed; the signal's reason when that aborted, after the program is gone
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

/** For one conversion. From an 8K source to 1080p it took 0.7 GiB of memory, and less than 2 GiB of address space. */
const CONVERSION: Limits = {
  // Less than the 4 hours of the job, whose end would say nothing of the file.
  wall: 3.5 * 3_600_000,
  cpu: 8 * 3_600,
  memory: 4 * GIB,
  file: 16 * GIB,
  output: 1 << 26,
};
const PROBE: Limits = { wall: 60_000, cpu: 60, memory: 2 * GIB, file: 0, output: 1 << 22 };

/**
 * Before every input: files only, in these containers only, and no frame larger than 8K. A protocol list alone would let a
 * playlist that is named .mp4 read any file of this machine. (`-max_pixels` is of the decoder, which ffprobe has too.)
 */
const GUARDED = [
  ...["-protocol_whitelist", "file"],
  ...["-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"],
  ...["-max_pixels", String(8192 * 4320)],
];

export const createFfmpeg = ({ ffmpeg, ffprobe }: Binaries): Ffmpeg => ({
  probe: async (folder, file, signal) => {
    const show = ["-v", "error", "-print_format", "json", "-show_format", "-show_streams"];
    const args = [...show, ...GUARDED, `file:${join(folder, file)}`];
    try {
      return readProbe(JSON.parse(await runTool(ffprobe, args, { signal, limits: PROBE, folder })));
    } catch (error) {
      if (error instanceof ToolError && error.exitCode === 1) return undefined;
      throw error;
    }
  },

  convert: async ({ folder, input, before = [], output, signal, onProgress }) => {
    const args = [
      ...["-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-progress", "pipe:1"],
      ...GUARDED,
      // On a machine with many processors, as many frames would be decoded at a time.
      ...["-threads", "4"],
      ...before,
      ...["-i", `file:${join(folder, input)}`],
      ...output,
    ];
    const onLine = (line: string) => {
      // Microseconds, also under this name: https://ffmpeg.org/ffmpeg.html (-progress), FFmpeg ticket 7345.
      const microseconds = /^out_time_ms=(\d+)/.exec(line)?.[1];
      if (microseconds) onProgress?.(Number(microseconds) / 1_000_000);
    };
    await runTool(ffmpeg, args, { signal, limits: CONVERSION, folder, onLine });
  },
});
