import { once } from "node:events";
import type { Measurement } from "../findings.ts";
import { startProcess } from "../measured-process.ts";
import { median } from "../statistics.ts";
import { makePhotos } from "./photos.ts";

const IMAGES = { full: 500, quick: 60 };

/** Whether a process keeps memory of the images it made: what it holds at the end, next to what it held once warm. */
export const measureImageMemory: Measurement = async (_servers, extent) => {
  const images = IMAGES[extent];
  const samples = await resizeMany(images);
  const tenth = images / 10;
  const warm = median(samples.slice(tenth, 2 * tenth));
  const last = median(samples.slice(-tenth));
  const row = (label: string, megabytes: number) => [label, megabytes.toFixed(0)];
  return {
    title: `Images: MB resident in a process that makes all sizes of ${images} photos of 12 megapixels`,
    columns: ["", "MB"],
    rows: [
      row(`after ${tenth} to ${2 * tenth}`, warm),
      row(`after ${images - tenth} to ${images}`, last),
      row("at most", Math.max(...samples)),
    ],
    figures: [{ name: "image_rss_growth_mb", value: last - warm, target: { most: 30 } }],
  };
};

/** Resolves with the megabytes that the process held after each image. */
const resizeMany = async (images: number): Promise<number[]> => {
  await using photos = await makePhotos(4);
  const env = { IMAGES: `${images}`, PHOTOS: photos.root, MALLOC_ARENA_MAX: "2" }; // as start.ts and Dockerfile set it
  await using child = await startProcess("scripts/bench/media/resize-many.ts", env, "resizing");
  const reported = once(child.process, "message") as Promise<[number[]]>;
  const ended = once(child.process, "exit").then(() =>
    Promise.reject(new Error("it ended without a report")),
  );
  const [samples] = await Promise.race([reported, ended]);
  ended.catch(() => {});
  return samples;
};
