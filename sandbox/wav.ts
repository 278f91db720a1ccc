/** The length of a WAV file in seconds, or undefined if it is not a WAV file. */
export const wavSeconds = (file: Buffer): number | undefined => {
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE") return undefined;
  let bytesPerSecond = 0;
  for (let at = 12; at + 8 <= file.length;) {
    const name = file.toString("latin1", at, at + 4);
    const size = file.readUInt32LE(at + 4);
    if (name === "fmt " && at + 20 <= file.length) bytesPerSecond = file.readUInt32LE(at + 16);
    // A writer that cannot seek does not fill in the size: the data then ends with the file.
    if (name === "data")
      return bytesPerSecond > 0 ? Math.min(size, file.length - at - 8) / bytesPerSecond : undefined;
    at += 8 + size + (size % 2);
  }
  return undefined;
};
