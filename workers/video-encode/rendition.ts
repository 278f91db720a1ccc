import { renditionHeights } from "./job.ts";

/** The streams of the source. Sizes are as displayed. */
export interface Source {
  seconds: number | undefined;
  video: { index: number; width: number; height: number } | undefined;
  audio: readonly object[];
}

/** How to convert the source's frames, and their rate. */
export interface Picture {
  filters: readonly string[];
  options: readonly string[];
  rate: string;
}

/** The audio track, and how to convert it. */
export interface Sound {
  index: number;
  filter: string;
}

interface Size {
  width: number;
  height: number;
}

/** Longer videos are rejected. */
const MAX_SECONDS = 4 * 3_600;

/** Segments start at multiples of this in every rendition, so that a player can switch between renditions. */
const SEGMENT_SECONDS = 4;

/** Pixels of the longer side: the widest frame of H.264 at level 5.1, the highest that most players decode. */
const MAX_SIDE = 4_096;

/** A smaller size with more than this part of the largest size's lines is left out: it would look almost the same. */
const NEXT_SIZE = 0.75;

/**
 * The maximum video bit rate in kbit/s, below which the quality is constant, so that simple scenes need few bits. It
 * grows less than the number of pixels: 5,000 at 1920×1080, 2,700 at 1280×720, 1,450 at 854×480, 500 at 426×240.
 */
const maxRate = ({ width, height }: Size) =>
  Math.max(100, Math.round(5_000 * ((width * height) / (1_920 * 1_080)) ** 0.765));

/** The two files that a conversion writes. */
export const PLAYLIST = "playlist.m3u8";
export const SEGMENTS = "segments.ts";

export const isSupported = (source: Source | undefined): source is Source & { video: object } =>
  Boolean(source?.video) && (source?.seconds ?? 0) <= MAX_SECONDS;

/** Why a source cannot be encoded, as a message for the user. */
export const unsupportedReason = (source: Source | undefined): string => {
  if (source?.video) return "The video is longer than 4 hours.";
  if (source?.audio.length) return "The file contains audio but no video.";
  return "The file cannot be read as a video. It is damaged, or not an MP4, MOV, WebM or MKV file.";
};

/** The problem when the output is shorter than the declared length, which is allowed to be inaccurate. */
export const truncation = (source: Source, { seconds }: { seconds: number }): string | undefined => {
  const declared = source.seconds ?? 0;
  if (seconds >= 0.9 * declared - 1) return undefined;
  return `The video is damaged: only ${Math.floor(seconds)} of its ${Math.round(declared)} seconds can be read.`;
};

/**
 * The size of a height's rendition, in even numbers as H.264 requires, or undefined when it is not needed. The largest
 * rendition has the size of the source, up to 1080 lines of the shorter side: the job of the next height makes it. None
 * is larger than the source.
 */
export const planSize = (
  { width, height }: Size,
  wanted: (typeof renditionHeights)[number],
): Size | undefined => {
  const shorter = Math.min(width, height);
  const top = Math.min(shorter, Math.max(...renditionHeights));
  const isTop = wanted === Math.min(...renditionHeights.filter((each) => each >= top));
  if (!isTop && wanted > NEXT_SIZE * top) return undefined;
  const scale = Math.min((isTop ? top : wanted) / shorter, MAX_SIDE / Math.max(width, height));
  return { width: even(width, scale), height: even(height, scale) };
};

const even = (length: number, scale: number) =>
  Math.max(2, 2 * Math.min(Math.round((length * scale) / 2), Math.floor(length / 2)));

/**
 * One playlist and one file with all segments: H.264 and AAC in MPEG-TS, which all players and builds of ffmpeg
 * support.
 */
export const hlsArguments = (
  { seconds, video }: Source & { video: object },
  size: Size,
  { filters, options, rate }: Picture,
  sound: Sound | undefined,
): string[] => {
  const maximum = maxRate(size);
  const frames = Math.ceil(numberOf(rate) * SEGMENT_SECONDS);
  return [
    ...["-map", `0:${video.index}`, ...(sound ? ["-map", `0:${sound.index}`] : [])],
    ...["-map_metadata", "-1", "-map_chapters", "-1", "-t", `${maxSeconds(seconds)}`],
    // Evenly spaced frames from 0: key frames are at the same times in every rendition.
    ...["-vf", [...filters, `fps=${rate}:start_time=0`].join(","), ...options],
    ...["-c:v", "libx264", "-profile:v", "high", "-preset", "veryfast", "-crf", "23", "-threads", "4"],
    ...["-maxrate", `${maximum}k`, "-bufsize", `${2 * maximum}k`],
    ...["-g", `${frames}`, "-keyint_min", `${frames}`, "-sc_threshold", "0"],
    ...["-force_key_frames", `expr:gte(t,n_forced*${SEGMENT_SECONDS})`],
    ...(sound ? ["-af", sound.filter, "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"] : []),
    ...["-f", "hls", "-hls_time", `${SEGMENT_SECONDS}`, "-hls_list_size", "0", "-hls_playlist_type", "vod"],
    ...["-hls_flags", "single_file+independent_segments"],
    ...["-hls_segment_filename", SEGMENTS, PLAYLIST],
  ];
};

/** The declared length and a margin: in a small file, audio may continue for hours after the last frame. */
const maxSeconds = (declared = MAX_SECONDS) => Math.min(MAX_SECONDS, Math.ceil(1.1 * declared + 10));

/** Of a rate in ffmpeg's notation. */
export const numberOf = (rate: string): number => {
  const [numerator = 0, denominator = 1] = rate.split("/").map(Number);
  return numerator / denominator;
};
