import { renditionHeights } from "./job.ts";

/** The streams of the source. Sizes are as displayed. */
export interface Source {
  seconds: number | undefined;
  video: { index: number; width: number; height: number; rate: string } | undefined;
  audio: { index: number } | undefined;
}

interface Size {
  width: number;
  height: number;
}

/** Longer videos are rejected. */
const MAX_SECONDS = 4 * 3_600;

/** Segments start at multiples of this in every rendition, so that a player can switch between renditions. */
const SEGMENT_SECONDS = 4;

/** Maximum video bit rate in kbit/s. Below it the quality is constant, so that simple scenes need few bits. */
const MAX_RATE = { 1080: 5_000, 720: 2_800, 480: 1_400, 240: 500 };

/** The two files that a conversion writes. */
export const PLAYLIST = "playlist.m3u8";
export const SEGMENTS = "segments.ts";

export const isSupported = (source: Source | undefined): source is Source & { video: object } =>
  Boolean(source?.video) && (source?.seconds ?? 0) <= MAX_SECONDS;

/** Why a source cannot be encoded, as a message for the user. */
export const unsupportedReason = (source: Source | undefined): string => {
  if (source?.video) return "The video is longer than 4 hours.";
  if (source?.audio) return "The file contains audio but no video.";
  return "The file cannot be read as a video. It is damaged, or not an MP4, MOV, WebM or MKV file.";
};

/** The problem when the output is shorter than the declared length, which is allowed to be inaccurate. */
export const truncation = (source: Source, { seconds }: { seconds: number }): string | undefined => {
  const declared = source.seconds ?? 0;
  if (seconds >= 0.9 * declared - 1) return undefined;
  return `The video is damaged: only ${Math.floor(seconds)} of its ${Math.round(declared)} seconds can be read.`;
};

/**
 * The rendition's size, in even numbers as H.264 requires, or undefined when the source is smaller. Never enlarges: the
 * smallest rendition of an even smaller source has the size of the source.
 */
export const planSize = (
  { width, height }: Size,
  wanted: (typeof renditionHeights)[number],
): Size | undefined => {
  const shorter = Math.min(width, height);
  if (shorter < wanted && wanted !== Math.min(...renditionHeights)) return undefined;
  const scale = Math.min(1, wanted / shorter);
  return { width: even(width, scale), height: even(height, scale) };
};

const even = (length: number, scale: number) =>
  Math.max(2, 2 * Math.min(Math.round((length * scale) / 2), Math.floor(length / 2)));

/**
 * One playlist and one file with all segments: H.264 and AAC in MPEG-TS, which all players and builds of ffmpeg
 * support.
 */
export const hlsArguments = (
  { seconds, video, audio }: Source & { video: object },
  { width, height }: Size,
  wanted: keyof typeof MAX_RATE,
): string[] => {
  const rate = MAX_RATE[wanted];
  const frames = Math.ceil(rateOf(video.rate) * SEGMENT_SECONDS);
  return [
    ...["-map", `0:${video.index}`, ...(audio ? ["-map", `0:${audio.index}`] : [])],
    ...["-map_metadata", "-1", "-map_chapters", "-1", "-t", `${maxSeconds(seconds)}`],
    // Evenly spaced frames from 0: key frames are at the same times in every rendition.
    ...["-vf", `scale=${width}:${height},setsar=1,fps=${video.rate}:start_time=0,format=yuv420p`],
    ...["-c:v", "libx264", "-profile:v", "high", "-preset", "veryfast", "-crf", "23", "-threads", "4"],
    ...["-maxrate", `${rate}k`, "-bufsize", `${2 * rate}k`],
    ...["-g", `${frames}`, "-keyint_min", `${frames}`, "-sc_threshold", "0"],
    ...["-force_key_frames", `expr:gte(t,n_forced*${SEGMENT_SECONDS})`],
    ...(audio ? ["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"] : []),
    ...(audio ? ["-af", "aresample=async=1:first_pts=0"] : []),
    ...["-f", "hls", "-hls_time", `${SEGMENT_SECONDS}`, "-hls_list_size", "0", "-hls_playlist_type", "vod"],
    ...["-hls_flags", "single_file+independent_segments"],
    ...["-hls_segment_filename", SEGMENTS, PLAYLIST],
  ];
};

/** The declared length and a margin: in a small file, audio may continue for hours after the last frame. */
const maxSeconds = (declared = MAX_SECONDS) => Math.min(MAX_SECONDS, Math.ceil(1.1 * declared + 10));

const rateOf = (rate: string) => {
  const [numerator = 0, denominator = 1] = rate.split("/").map(Number);
  return numerator / denominator;
};
