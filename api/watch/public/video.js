import { Refused } from "./refusals.js";

const SAMPLE = "/watch/samples/colours.mp4";

/** Five seconds with a tone: see scripts/watch-sample.ts. */
export const loadVideo = async () => {
  const response = await fetch(SAMPLE).catch(() => undefined);
  if (!response?.ok) throw new Refused("The sample video cannot be loaded now.");
  return new File([await response.blob()], "Colours.mp4", { type: "video/mp4" });
};
