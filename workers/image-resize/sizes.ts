/** The published sizes and formats. A change applies to new images only. */

/** Pixels. A width above the image's own is replaced by its own. */
export const widths = [160, 480, 960, 1920] as const;

/** In the order of their creation: slow formats first, so that they do not run alone at the end. */
export const formats = {
  // Effort 2 of 9: 1 has visible artifacts on smooth areas, 4 takes eight times as long (see README.md).
  avif: { contentType: "image/avif", options: { quality: 55, effort: 2, chromaSubsampling: "4:2:0" } },
  webp: { contentType: "image/webp", options: { quality: 75 } },
  jpg: { contentType: "image/jpeg", options: { quality: 80, progressive: true } },
} as const;

export type Format = keyof typeof formats;

/** The maximum of WebP, the lowest of the three formats. Higher images are scaled down. */
export const maxHeight = 16_383;
