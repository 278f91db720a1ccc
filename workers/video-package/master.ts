interface Rendition {
  path: string;
  width: number;
  height: number;
  bandwidth: number;
  averageBandwidth: number;
  codecs: string;
  frameRate?: number | undefined;
}

/** The HLS master playlist in the folder `hls` (RFC 8216, 4.3.4.2). */
export const masterPlaylist = (renditions: readonly Rendition[]): string =>
  ["#EXTM3U", "#EXT-X-VERSION:4", "#EXT-X-INDEPENDENT-SEGMENTS", ...renditions.flatMap(entry), ""].join("\n");

const entry = ({ path, width, height, frameRate, codecs, ...rates }: Rendition) => {
  const attributes = [
    ...[`BANDWIDTH=${rates.bandwidth}`, `AVERAGE-BANDWIDTH=${rates.averageBandwidth}`],
    ...[`RESOLUTION=${width}x${height}`, ...(frameRate ? [`FRAME-RATE=${frameRate.toFixed(3)}`] : [])],
    `CODECS="${codecs}"`,
  ];
  return [`#EXT-X-STREAM-INF:${attributes.join(",")}`, path.replace(/^hls\//, "")];
};
