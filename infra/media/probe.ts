import { z } from "zod";

/** The properties of a video or audio file. */
export interface Probe {
  /** Unknown for some browser recordings. */
  seconds: number | undefined;
  video: Picture | undefined;
  /** The track that players choose comes first. A track may be unreadable: see sound.ts. */
  audio: Track[];
}

export interface Track {
  /** The stream's number in the file. */
  index: number;
  channels: number;
}

export interface Picture {
  /** The stream's number in the file. */
  index: number;
  /** As displayed: rotated, in square pixels. */
  width: number;
  height: number;
  /** The nearest constant frame rate in ffmpeg's notation: 25 or 30000/1001. At most 60. */
  rate: string;
  /** Lines of a stored frame, before it is rotated. */
  lines: number;
  /** As the file declares it. Files are often wrong: see fields.ts. */
  isInterlaced: boolean;
  colours: Colours;
}

/** As the file declares them, in ffprobe's names. Often missing. */
export interface Colours {
  pixels: string | undefined;
  range: string | undefined;
  matrix: string | undefined;
  primaries: string | undefined;
  transfer: string | undefined;
}

const ratio = z.string().regex(/^\d+[:/]\d+$/);
const stream = z.object({
  index: z.int(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  channels: z.int().optional(),
  field_order: z.string().optional(),
  pix_fmt: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_primaries: z.string().optional(),
  color_transfer: z.string().optional(),
  sample_aspect_ratio: ratio.optional().catch(undefined),
  r_frame_rate: ratio.catch("0/0"),
  avg_frame_rate: ratio.catch("0/0"),
  disposition: z.object({ attached_pic: z.int().optional(), default: z.int().optional() }).optional(),
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
  const audio = streams.filter((each) => each.codec_type === "audio");
  return {
    seconds: format.duration,
    video: video && picture(video),
    audio: audio.toSorted((a, b) => defaultOf(b) - defaultOf(a)).map(track),
  };
};

/**
 * Codecs whose streams are mostly a single picture (cover art). If there is another video stream, that is the video.
 */
const STILL = new Set(["mjpeg", "png", "webp", "bmp", "tiff"]);

const defaultOf = ({ disposition }: Stream) => disposition?.default ?? 0;
const track = ({ index, channels = 0 }: Stream): Track => ({ index, channels });

const picture = (video: Stream): Picture | undefined => {
  const { index, width = 0, height = 0 } = video;
  if (!width || !height) return undefined;
  const wide = Math.max(1, Math.round(width * (fraction(video.sample_aspect_ratio) || 1)));
  const isRotated = Math.abs(rotation(video)) % 180 === 90;
  const displayed = isRotated ? { width: height, height: wide } : { width: wide, height };
  const isInterlaced = INTERLACED.has(video.field_order ?? "");
  const rate = constantRate(video, isInterlaced);
  return { index, ...displayed, rate, lines: height, isInterlaced, colours: coloursOf(video) };
};

/** The order in which the two fields are stored and displayed. */
const INTERLACED = new Set(["tt", "bb", "tb", "bt"]);

const coloursOf = (video: Stream): Colours => ({
  pixels: video.pix_fmt,
  range: video.color_range,
  matrix: video.color_space,
  primaries: video.color_primaries,
  transfer: video.color_transfer,
});

/** Phones store it in a display matrix. Older builds of ffprobe report it as a tag. */
const rotation = ({ side_data_list, tags }: Stream): number =>
  side_data_list?.find((each) => each.rotation !== undefined)?.rotation ?? tags?.rotate ?? 0;

const COMMON_RATES = [24, 25, 30, 50, 60];

/**
 * `r_frame_rate` is the lowest rate that fits every timestamp. With a variable frame rate it may be 90,000: use the
 * next common rate above the average then. Of interlaced video, it may be the rate of the fields: twice the average.
 */
const constantRate = ({ r_frame_rate, avg_frame_rate }: Stream, isInterlaced: boolean): string => {
  const exact = fraction(r_frame_rate);
  const average = fraction(avg_frame_rate) || 30;
  const isOfFields = isInterlaced && Math.abs(exact / average - 2) < 0.1;
  const [numerator, denominator] = r_frame_rate.split(/[:/]/).map(Number);
  if (isOfFields) return `${numerator}/${2 * (denominator ?? 1)}`;
  if (exact >= 1 && exact <= 60) return r_frame_rate.replace(/\/1$/, "");
  return String(COMMON_RATES.find((rate) => rate >= average) ?? 60);
};

const fraction = (text = "0/0"): number => {
  const [numerator = 0, denominator = 0] = text.split(/[:/]/).map(Number);
  return denominator === 0 ? 0 : numerator / denominator;
};
