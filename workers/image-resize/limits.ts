/**
 * Of originals: pixels, and bytes per pixel. Larger images are rejected before they are decoded.
 *
 * A JPEG is shrunk while it is read, row by row. All other formats are held in memory as a whole, so that their limits
 * are lower: none needs more than about 800 MB. `memory` is the measured maximum, that of an interlaced PNG with
 * transparency and 16 bits, and of an AVIF of 10 bits: scripts/bench/media/decode-memory.ts.
 */
export const limits = {
  JPEG: { maxPixels: 250e6, memory: 0.5 },
  "progressive JPEG": { maxPixels: 100e6, memory: 7.5 },
  PNG: { maxPixels: 80e6, memory: 10 },
  WebP: { maxPixels: 100e6, memory: 5 },
  GIF: { maxPixels: 100e6, memory: 5 },
  AVIF: { maxPixels: 30e6, memory: 26 },
  HEIC: { maxPixels: 50e6, memory: 16 },
} as const;

/** The formats of originals. */
export type Input = keyof typeof limits;
