/**
 * Of originals, in pixels and bytes. Larger images are rejected before they are decoded.
 *
 * A JPEG is shrunk while it is read, row by row. All other formats are held in memory as a whole, so that their limits
 * are lower: none needs more than about 800 MB. `memory` is the measured maximum per pixel; for PNG an interlaced one
 * of 16 bits, for WebP a lossless one, for AVIF one of 10 bits. scripts/bench/media/decode-memory.ts measures it.
 */
export const limits = {
  JPEG: { maxPixels: 250e6, memory: 0.5 },
  "progressive JPEG": { maxPixels: 100e6, memory: 6.5 },
  PNG: { maxPixels: 100e6, memory: 8 },
  WebP: { maxPixels: 100e6, memory: 5 },
  GIF: { maxPixels: 100e6, memory: 6 },
  AVIF: { maxPixels: 30e6, memory: 25 },
  HEIC: { maxPixels: 50e6, memory: 16 },
} as const;

/** The formats of originals. */
export type Input = keyof typeof limits;
