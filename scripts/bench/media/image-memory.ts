import { once } from "node:events";
import type { Measurement } from "../findings.ts";
import { startProcess } from "../measured-process.ts";
import { median } from "../statistics.ts";
import { makePhotos } from "./photos.ts";

const IMAGES = { full: 500, quick: 60 };

/** Measures memory growth: the resident memory during the last tenth of the images, minus that during the second. */
export const measureImageMemory: Measurement = async (_servers, extent) => {
  const images = IMAGES[extent];
  const samples = await resizeMany(images);
  const tenth = images / 10;
  const warm = median(samples.slice(tenth, 2 * tenth));
  const last = median(samples.slice(-tenth));
  const row = (label: string, megabytes: number) => [label, megabytes.toFixed(0)];
  return {
    title: `Images: MB resident in a process that creates all variants of ${images} photos of 12 megapixels`,
    columns: ["", "MB"],
    rows: [
      row(`median after ${tenth} to ${2 * tenth} images`, warm),
      row(`median after ${images - tenth} to ${images} images`, last),
      row("maximum", Math.max(...samples)),
    ],
    figures: [{ name: "image_rss_growth_mb", value: last - warm, target: { max: 30 } }],
  };
};

/** Resolves with the resident megabytes after each image. @throws Error if the process ends without a result */
const resizeMany = async (images: number): Promise<number[]> => {
  await using photos = await makePhotos(4);
  const env = { IMAGES: `${images}`, PHOTOS: photos.root, MALLOC_ARENA_MAX: "2" }; // as start.ts and Dockerfile set it
  await using child = await startProcess("scripts/bench/media/resize-many.ts", env, "resizing");
  const reported = once(child.process, "message") as Promise<[number[]]>;
  const ended = once(child.process, "exit").then(() =>
    Promise.reject(new Error("resize-many.ts ended without a result")),
  );
  const [samples] = await Promise.race([reported, ended]);
  ended.catch(() => {});
  return samples;
};
