/** What every image is published as. Change it here; images made before keep what they have. */

/** Pixels across. An image narrower than these is published in its own width instead, once. */
export const widths = [160, 480, 960, 1920] as const;

/** In the order in which they are made: the slow ones first, so that no thread is left with them at the end. */
export const formats = {
  // Effort 2 of 9 is chosen by measure and by eye: 1 leaves echoes on smooth ground, 4 takes eight times as long (README.md).
  avif: { contentType: "image/avif", options: { quality: 55, effort: 2, chromaSubsampling: "4:2:0" } },
  webp: { contentType: "image/webp", options: { quality: 75 } },
  jpg: { contentType: "image/jpeg", options: { quality: 80, progressive: true } },
} as const;

export type Format = keyof typeof formats;

/** Of the originals: more is refused before a pixel is decoded. */
export const maxPixels = 50_000_000;

/** What WebP and AVIF can hold, the narrowest of the three formats. Longer images become narrower. */
export const maxHeight = 16_383;
