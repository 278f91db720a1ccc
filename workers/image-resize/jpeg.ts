/**
 * Whether libjpeg decodes this JPEG row by row. It holds a JPEG of several scans, such as a progressive one, in memory
 * as a whole, with 2 bytes per sample. Like libjpeg, this looks at the first scan only (jdinput.c, initial_setup).
 */
export const isReadByRows = (file: Buffer): boolean => {
  let components: number | undefined;
  for (let at = 2; at + 10 <= file.length;) {
    const marker = file.readUInt16BE(at);
    if (marker === START_OF_SCAN) return file[at + 4] === components;
    if (marker === FILL) {
      at += 1;
      continue;
    }
    if (isFrame(marker)) {
      if (!SEQUENTIAL.includes(marker)) return false;
      components = file[at + 9];
    }
    at += 2 + file.readUInt16BE(at + 2);
  }
  return false;
};

const START_OF_SCAN = 0xffda;
const FILL = 0xffff;
/** Baseline, extended, and arithmetic coding. */
const SEQUENTIAL = [0xffc0, 0xffc1, 0xffc9];
/** C4, C8 and CC are other segments: ITU T.81, table B.1. */
const isFrame = (marker: number) =>
  marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
