import { renditionHeights } from "./job.ts";

/** What the source holds. Sizes are as it is meant to be seen. */
export interface Source {
  seconds: number | undefined;
  video: { index: number; width: number; height: number; rate: string } | undefined;
  audio: { index: number } | undefined;
}

interface Size {
  width: number;
  height: number;
}

/** Longer videos are refused. */
const MAX_SECONDS = 4 * 3_600;

/** Segments begin at multiples of this in every rendition, so that a player can change between them. */
const SEGMENT_SECONDS = 4;

/** Kilobits per second of picture at most. Below that the quality is constant, so that quiet scenes cost little. */
const MAX_RATE = { 1080: 5_000, 720: 2_800, 480: 1_400, 240: 500 };

/** The names of what one conversion writes. The playlist names the other. */
export const PLAYLIST = "playlist.m3u8";
export const SEGMENTS = "segments.ts";

export const isFit = (source: Source | undefined): source is Source & { video: object } =>
  Boolean(source?.video) && (source?.seconds ?? 0) <= MAX_SECONDS;

/** Why a source cannot be encoded, as a message for the user. */
export const unfitness = (source: Source | undefined): string => {
  if (source?.video) return "The video is longer than 4 hours.";
  if (source?.audio) return "The file has sound but no picture, so it is no video.";
  return "The file cannot be read as a video: it is damaged, or it is not MP4, MOV, WebM or MKV.";
};

/** Says how much of the source could not be read, where that is more than the inaccuracy of its own word. */
export const cutShort = (source: Source, { seconds }: { seconds: number }): string | undefined => {
  const claimed = source.seconds ?? 0;
  if (seconds >= 0.9 * claimed - 1) return undefined;
  return `The video is damaged: only ${Math.floor(seconds)} of its ${Math.round(claimed)} seconds can be read.`;
};

/**
 * The rendition's size, in even numbers as H.264 needs, or nothing when the source is smaller. Never enlarged: of a source
 * that is smaller than the smallest rendition, that one has the size of the source.
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

/** One playlist and one file with all segments: H.264 and AAC in MPEG-TS, which every player and every ffmpeg can do. */
export const hlsArguments = (
  { seconds, video, audio }: Source & { video: object },
  { width, height }: Size,
  wanted: keyof typeof MAX_RATE,
): string[] => {
  const rate = MAX_RATE[wanted];
  const frames = Math.ceil(rateOf(video.rate) * SEGMENT_SECONDS);
  return [
    ...["-map", `0:${video.index}`, ...(audio ? ["-map", `0:${audio.index}`] : [])],
    ...["-map_metadata", "-1", "-map_chapters", "-1", "-t", `${longest(seconds)}`],
    // Evenly spaced frames from 0 on: key frames are then at the same times in every rendition.
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

/** What a source claims, and somewhat more: sound may go on for hours after the last picture, in a small file. */
const longest = (claimed = MAX_SECONDS) => Math.min(MAX_SECONDS, Math.ceil(1.1 * claimed + 10));

const rateOf = (rate: string) => {
  const [above = 0, below = 1] = rate.split("/").map(Number);
  return above / below;
};
