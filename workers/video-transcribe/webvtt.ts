/** Times are in seconds from the start of the video. */
export interface Cue {
  start: number;
  end: number;
  text: string;
}

/**
 * Formats cues as WebVTT: in order, within the video's length, without empty ones. Undefined when none are left.
 * The timestamp map is the start of our MPEG-TS segments: ffmpeg starts their clock at 1.4 s (RFC 8216, 3.5).
 * https://www.w3.org/TR/webvtt1/
 */
export const webVtt = (cues: readonly Cue[], seconds: number): string | undefined => {
  const shown = cues
    .map(({ start, end, text }) => ({
      start: Math.max(0, start),
      end: Math.min(end, seconds),
      text: escapeText(text),
    }))
    .filter(({ start, end, text }) => text !== "" && toMs(end) > toMs(start))
    .sort((a, b) => a.start - b.start);
  if (shown.length === 0) return undefined;
  const blocks = shown.map(({ start, end, text }) => `${time(start)} --> ${time(end)}\n${text}\n`);
  return ["WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.000\n", ...blocks].join("\n");
};

/** The HLS playlist of subtitles in one file. */
export const subtitlePlaylist = (file: string, seconds: number): string =>
  [
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    `#EXT-X-TARGETDURATION:${Math.ceil(seconds)}`,
    "#EXT-X-MEDIA-SEQUENCE:0",
    "#EXT-X-PLAYLIST-TYPE:VOD",
    `#EXTINF:${seconds.toFixed(3)},`,
    file,
    "#EXT-X-ENDLIST\n",
  ].join("\n");

/** Plain text: no tags, and no line that could be parsed as a time or as the end of the cue. */
const escapeText = (text: string) =>
  text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .toWellFormed()
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");

const toMs = (seconds: number) => Math.round(seconds * 1_000);

/** 01:02:03.004 */
const time = (seconds: number) => {
  const ms = toMs(seconds);
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1_000) % 60];
  return `${parts.map((part) => String(part).padStart(2, "0")).join(":")}.${String(ms % 1_000).padStart(3, "0")}`;
};
