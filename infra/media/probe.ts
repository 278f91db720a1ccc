import { z } from "zod";

/** The properties of a video or audio file. */
export interface Probe {
  /** Unknown for some browser recordings. */
  seconds: number | undefined;
  video: Picture | undefined;
  /** The stream's number in the file. */
  audio: { index: number } | undefined;
}

export interface Picture {
  /** The stream's number in the file. */
  index: number;
  /** As displayed: rotated, in square pixels. */
  width: number;
  height: number;
  /** The nearest constant frame rate in ffmpeg's notation: 25 or 30000/1001. At most 60. */
  rate: string;
  profile: string | undefined;
  level: number | undefined;
}

const ratio = z.string().regex(/^\d+[:/]\d+$/);
const stream = z.object({
  index: z.int(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  profile: z.string().optional(),
  level: z.int().optional(),
  sample_aspect_ratio: ratio.optional().catch(undefined),
  r_frame_rate: ratio.catch("0/0"),
  avg_frame_rate: ratio.catch("0/0"),
  disposition: z.object({ attached_pic: z.int().optional() }).optional(),
  tags: z.object({ rotate: z.coerce.number().optional() }).optional().catch(undefined),
  side_data_list: z
    .array(z.object({ rotation: z.number().optional() }))
    .optional()
    .catch(undefined),
});
type Stream = z.output<typeof stream>;

const report = z.object({
  streams: z.array(stream).default([]),
  format: z.object({ duration: z.coerce.number().positive().optional().catch(undefined) }).default({}),
});

/** Reads the output of `ffprobe -print_format json -show_format -show_streams`. The cover of a song is not a video. */
export const readProbe = (json: unknown): Probe => {
  const { streams, format } = report.parse(json);
  const known = streams.filter(({ codec_name }) => codec_name && codec_name !== "unknown");
  const pictures = known.filter((each) => each.codec_type === "video" && !each.disposition?.attached_pic);
  const video = pictures.find(({ codec_name = "" }) => !STILL.has(codec_name)) ?? pictures[0];
  const audio = known.find((each) => each.codec_type === "audio");
  return {
    seconds: format.duration,
    video: video && picture(video),
    audio: audio && { index: audio.index },
  };
};

/**
 * Codecs whose streams are mostly a single picture (cover art). If there is another video stream, that is the video.
 */
const STILL = new Set(["mjpeg", "png", "webp", "bmp", "tiff"]);

const picture = (video: Stream): Picture | undefined => {
  const { index, width = 0, height = 0, profile, level } = video;
  if (!width || !height) return undefined;
  const wide = Math.round(width * (fraction(video.sample_aspect_ratio) || 1));
  const isRotated = Math.abs(rotation(video)) % 180 === 90;
  const displayed = isRotated ? { width: height, height: wide } : { width: wide, height };
  return { index, ...displayed, rate: constantRate(video), profile, level };
};

/** Phones store it in a display matrix. Older builds of ffprobe report it as a tag. */
const rotation = ({ side_data_list, tags }: Stream): number =>
  side_data_list?.find((each) => each.rotation !== undefined)?.rotation ?? tags?.rotate ?? 0;

const COMMON_RATES = [24, 25, 30, 50, 60];

/**
 * `r_frame_rate` is the lowest rate that fits every timestamp. With a variable frame rate it may be 90,000: use the
 * next common rate above the average then.
 */
const constantRate = ({ r_frame_rate, avg_frame_rate }: Stream): string => {
  const exact = fraction(r_frame_rate);
  if (exact >= 1 && exact <= 60) return r_frame_rate.replace(/\/1$/, "");
  const average = fraction(avg_frame_rate) || 30;
  return String(COMMON_RATES.find((rate) => rate >= average) ?? 60);
};

const fraction = (text = "0/0"): number => {
  const [numerator = 0, denominator = 0] = text.split(/[:/]/).map(Number);
  return denominator === 0 ? 0 : numerator / denominator;
};
