import { z } from "zod";

/** What matters of a file with pictures or sound. */
export interface Probe {
  /** Unknown for some recordings that a browser streamed. */
  seconds: number | undefined;
  video: Picture | undefined;
  /** The stream's number in the file. */
  audio: { index: number } | undefined;
}

export interface Picture {
  /** The stream's number in the file. */
  index: number;
  /** As it is meant to be seen: after its rotation, in square pixels. */
  width: number;
  height: number;
  /** Frames per second of even spacing that comes nearest, as ffmpeg writes it: 25 or 30000/1001. At most 60. */
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

/** Reads what `ffprobe -print_format json -show_format -show_streams` wrote. A cover picture of a song is no video. */
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

/** Codecs whose streams are mostly a single picture (cover art). If there is another video stream, that is the video. */
const STILL = new Set(["mjpeg", "png", "webp", "bmp", "tiff"]);

const picture = (video: Stream): Picture | undefined => {
  const { index, width = 0, height = 0, profile, level } = video;
  if (!width || !height) return undefined;
  const wide = Math.round(width * (fraction(video.sample_aspect_ratio) || 1));
  const isTurned = Math.abs(rotation(video)) % 180 === 90;
  const seen = isTurned ? { width: height, height: wide } : { width: wide, height };
  return { index, ...seen, rate: evenRate(video), profile, level };
};

/** Newer files of phones say it in a display matrix, which older programs show as a tag. */
const rotation = ({ side_data_list, tags }: Stream): number =>
  side_data_list?.find((each) => each.rotation !== undefined)?.rotation ?? tags?.rotate ?? 0;

const COMMON_RATES = [24, 25, 30, 50, 60];

/**
 * `r_frame_rate` is the rate that hits every timestamp, which for an uneven source may be 90,000: such a source gets the
 * next common rate above its average.
 */
const evenRate = ({ r_frame_rate, avg_frame_rate }: Stream): string => {
  const exact = fraction(r_frame_rate);
  if (exact >= 1 && exact <= 60) return r_frame_rate.replace(/\/1$/, "");
  const average = fraction(avg_frame_rate) || 30;
  return String(COMMON_RATES.find((rate) => rate >= average) ?? 60);
};

const fraction = (text = "0/0"): number => {
  const [above = 0, below = 0] = text.split(/[:/]/).map(Number);
  return below === 0 ? 0 : above / below;
};
