interface Segment {
  seconds: number;
  bytes: number;
}

/**
 * Measures a rendition for the master playlist: length, bit rates and codec. Undefined when it contains no video.
 * `start` is the beginning of the segments.
 */
export const measure = (playlist: string, start: Buffer) => {
  const segments = readSegments(playlist);
  const codec = codecOf(start);
  const seconds = sum(segments, "seconds");
  if (!codec || seconds === 0) return undefined;
  const averageBandwidth = bandwidthOf(segments);
  return { codec, seconds, averageBandwidth, bandwidth: Math.max(averageBandwidth, peakBandwidth(segments)) };
};

const readSegments = (playlist: string): Segment[] =>
  [...playlist.matchAll(/#EXTINF:([\d.]+),\s+#EXT-X-BYTERANGE:(\d+)/g)].map(([, seconds, bytes]) => ({
    seconds: Number(seconds),
    bytes: Number(bytes),
  }));

/**
 * The peak segment bit rate: the largest of any consecutive segments that last 0.5 to 1.5 target durations.
 * https://www.rfc-editor.org/rfc/rfc8216#section-4.3.4.2
 */
const peakBandwidth = (segments: readonly Segment[]): number => {
  const target = Math.max(...segments.map(({ seconds }) => Math.round(seconds)));
  let most = 0;
  for (let first = 0; first < segments.length; first++) {
    for (let last = first + 1; last <= segments.length; last++) {
      const run = segments.slice(first, last);
      const seconds = sum(run, "seconds");
      if (seconds > 1.5 * target) break;
      if (seconds >= 0.5 * target) most = Math.max(most, bandwidthOf(run));
    }
  }
  return most;
};

const bandwidthOf = (segments: readonly Segment[]): number =>
  Math.ceil((sum(segments, "bytes") * 8) / sum(segments, "seconds"));

const sum = (segments: readonly Segment[], key: keyof Segment): number =>
  segments.reduce((total, segment) => total + segment[key], 0);

/** avc1.PPCCLL from the sequence parameter set: after its type come profile, constraints and level (RFC 6381). */
const codecOf = (start: Buffer): string | undefined => {
  for (let at = start.indexOf(START); at >= 0; at = start.indexOf(START, at + 1)) {
    const isParameterSet = ((start[at + START.length] ?? 0) & 0x1f) === 7;
    if (isParameterSet) return `avc1.${start.subarray(at + 4, at + 7).toString("hex")}`;
  }
  return undefined;
};

const START = Buffer.from([0, 0, 1]);
