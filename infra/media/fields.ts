import type { Picture } from "./probe.ts";

/** Filters that turn the source's frames into progressive ones, and the rate of those. */
export interface Frames {
  filters: string[];
  rate: string;
}

type Source = Pick<Picture, "lines" | "rate" | "isInterlaced">;

/** Frames that the filter `idet` has classified in samples of a video. */
export interface Fields {
  top: number;
  bottom: number;
  progressive: number;
  /** Frames with a field of the frame before. */
  repeated: number;
  frames: number;
}

/** No interlaced format has more lines, and the filters need at least 4. */
const LINES = { min: 16, max: 1_088 };

/** A longer video is sampled in three places, each of half as many frames. In seconds. */
const SHORT = 12;
const FRAMES = 100;

/** The file to which ffmpeg writes what `idet` has found. */
export const FIELDS = "fields.txt";

/** The samples that show whether a video is interlaced: ffmpeg's arguments before and after the input. */
export const samples = (
  { index, lines }: Pick<Picture, "index" | "lines">,
  seconds: number | undefined,
): { before: string[]; output: string[] }[] => {
  if (lines < LINES.min || lines > LINES.max) return [];
  const isLong = (seconds ?? 0) > SHORT;
  const starts = isLong ? [0.2, 0.5, 0.8].map((part) => part * (seconds ?? 0)) : [0];
  const frames = isLong ? FRAMES / 2 : FRAMES;
  const output = [
    ...["-map", `0:${index}`, "-frames:v", `${frames}`],
    ...["-vf", `${IDET},metadata=print:file=${FIELDS}`, "-f", "null", "-"],
  ];
  return starts.map((start) => ({
    before: start > 0 ? ["-noaccurate_seek", "-ss", start.toFixed(3)] : [],
    output,
  }));
};

/** With the default threshold of 1.04, the moving pattern `testsrc2` counts as interlaced; film does not reach 1.2. */
const IDET = "idet=intl_thres=1.2";

/** Reads what the filter `metadata` has printed. The last values are the sums of all frames. */
export const readFields = (text: string): Fields => {
  const last = (key: string) =>
    Number([...text.matchAll(new RegExp(`^lavfi\\.idet\\.${key}=([\\d.]+)`, "gm"))].at(-1)?.[1] ?? 0);
  const [top, bottom, repeated] = [
    last("multiple.tff"),
    last("multiple.bff"),
    last("repeated.top") + last("repeated.bottom"),
  ];
  const frames = repeated + last("repeated.neither");
  return { top, bottom, progressive: last("multiple.progressive"), repeated, frames };
};

/**
 * How to make a video progressive. The rate stays that of the frames: 25 interlaced frames become 25, of 50 fields,
 * because twice the frames need half as many bits again. Film that was converted to 30 frames (telecine) gets back its
 * 24. The content decides, because files are often declared wrong.
 */
export const planFrames = ({ rate, isInterlaced }: Source, found: readonly Fields[]): Frames => {
  const total = (key: keyof Fields) => found.reduce((sum, fields) => sum + fields[key], 0);
  const [top, bottom, progressive] = [total("top"), total("bottom"), total("progressive")];
  const order = top > bottom ? "tff" : "bff";
  const share = isClear(top, bottom) ? (top + bottom) / (top + bottom + progressive) : 0;

  const filmRate = FILM_RATES[rate];
  if (filmRate && share > 0 && total("repeated") > TELECINED * total("frames")) {
    const filters = [
      `fieldmatch=order=${order}:combmatch=full`,
      "bwdif=mode=send_frame:deint=interlaced",
      "decimate",
    ];
    return { filters, rate: filmRate };
  }
  if (share > INTERLACED) return { filters: [`bwdif=mode=send_frame:parity=${order}:deint=all`], rate };
  // Parts may be interlaced: decide for each frame.
  if (isInterlaced || share > 0) return { filters: [IDET, "bwdif=mode=send_frame:deint=interlaced"], rate };
  return { filters: [], rate };
};

/** In interlaced video, the same field comes first in all frames. In noise, either. */
const isClear = (top: number, bottom: number) => Math.max(top, bottom) > 3 * Math.min(top, bottom);

/** The share of frames above which all are deinterlaced. */
const INTERLACED = 0.3;

/** Telecine repeats a field in two of five frames. */
const TELECINED = 0.3;
const FILM_RATES: Record<string, string> = { "30000/1001": "24000/1001", 30: "24" };
