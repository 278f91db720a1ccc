import type { Measurement } from "./findings.ts";
import { measureImageMemory } from "./media/image-memory.ts";
import { measureImages } from "./media/images.ts";

/** Measures the overhead of image-resize compared with sharp alone, and whether its memory grows. */
export const media: readonly Measurement[] = [measureImages, measureImageMemory];
