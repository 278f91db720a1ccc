import { imageResize } from "../../../workers/image-resize/job.ts";
import { ours } from "./candidates.ts";
import { openPhotos } from "./photos.ts";

// Resizes IMAGES photos from the folder PHOTOS, then sends the parent process an array of the resident megabytes after
// each photo.

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
