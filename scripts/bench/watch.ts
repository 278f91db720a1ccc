import type { Measurement } from "./findings.ts";
import { measureAudience } from "./watch/audience.ts";
import { measureCost } from "./watch/cost.ts";
import { measureFrames } from "./watch/frames.ts";
import { measureReading } from "./watch/reading.ts";

/** Measures what the live page costs the system that it shows, and how smoothly it draws a load. */
export const watch: readonly Measurement[] = [measureCost, measureReading, measureAudience, measureFrames];
