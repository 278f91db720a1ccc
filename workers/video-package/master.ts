interface Rendition {
  path: string;
  width: number;
  height: number;
  bandwidth: number;
  averageBandwidth: number;
  codecs: string;
}

/** The HLS master playlist in the folder `hls` (RFC 8216, 4.3.4.2). */
export const masterPlaylist = (renditions: readonly Rendition[]): string =>
  ["#EXTM3U", "#EXT-X-VERSION:4", "#EXT-X-INDEPENDENT-SEGMENTS", ...renditions.flatMap(entry), ""].join("\n");

const entry = ({ path, width, height, bandwidth, averageBandwidth, codecs }: Rendition) => [
  `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},AVERAGE-BANDWIDTH=${averageBandwidth},RESOLUTION=${width}x${height},CODECS="${codecs}"`,
  path.replace(/^hls\//, ""),
];
