import type { Track } from "./probe.ts";

/** An audio track that can be decoded. `filter` makes it stereo or simpler, and starts it with the video. */
export interface Sound {
  index: number;
  filter: string;
}

/** Tracks that are tried, of a file that may have thousands. */
const MAX_TRACKS = 8;

/** Fills gaps with silence, also the one before audio that starts late. */
const ALIGN = "aresample=async=1:first_pts=0";

/** The ways to read the tracks of a file, in the order of preference. */
export const candidates = (tracks: readonly Track[]): Sound[] =>
  tracks
    .slice(0, MAX_TRACKS)
    .flatMap(({ index, channels }) => [
      { index, filter: ALIGN },
      ...(channels > 2 ? [{ index, filter: `${mix(channels)},${ALIGN}` }] : []),
    ]);

/**
 * A mix for channels without a layout, which ffmpeg refuses to mix: odd ones to the left, even ones to the right, like
 * the pairs of a layout. `<` scales the sum so that it cannot clip.
 */
const mix = (channels: number): string => {
  const every = (first: number) =>
    Array.from({ length: Math.ceil((channels - first) / 2) }, (_, at) => `c${first + 2 * at}`).join("+");
  return `pan=stereo|c0<${every(0)}|c1<${every(1)}`;
};

/** The file to which a trial writes. It is empty, or missing, if nothing could be decoded. */
export const TRIAL = "trial.aac";

/** Arguments that encode the beginning of a track like a rendition does. */
export const trial = ({ index, filter }: Sound): string[] => [
  ...["-map", `0:${index}`, "-map_metadata", "-1", "-af", filter],
  ...["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000", "-frames:a", "1", "-f", "adts", TRIAL],
];
