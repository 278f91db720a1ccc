import { imageResize } from "../../../workers/image-resize/job.ts";
import { ours } from "./contestants.ts";
import { openPhotos } from "./photos.ts";

// A process that only resizes IMAGES times the photos of the folder PHOTOS, and then sends its parent how many megabytes it held after each.

const images = Number(process.env["IMAGES"]);
const photos = await openPhotos(process.env["PHOTOS"] ?? "");
console.log("resizing");

const samples: number[] = [];
let next = 0;
const lane = async () => {
  while (next < images) {
    await ours(photos, next++);
    samples.push(process.memoryUsage.rss() / 1024 ** 2);
  }
};
await Promise.all(Array.from({ length: imageResize.concurrency }, lane));
process.send?.(samples);
