import type { Measurement } from "./findings.ts";
import { measureImageMemory } from "./media/image-memory.ts";
import { measureImages } from "./media/images.ts";

/** That the work around sharp costs next to nothing, and that memory stays flat. */
export const media: readonly Measurement[] = [measureImages, measureImageMemory];
