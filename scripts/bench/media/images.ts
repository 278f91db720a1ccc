import { imageResize } from "../../../workers/image-resize/job.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { compete } from "../rounds.ts";
import { median, ratios } from "../statistics.ts";
import { byHand, clones, type Contestant, ours, variantsOfAPhoto } from "./contestants.ts";
import { makePhotos, type Photos } from "./photos.ts";

const ROUNDS = { full: 5, quick: 3 };
const PHOTOS = { full: 8, quick: 4 };

/** How many variants per second one process makes, next to programs that do nothing else with sharp. */
export const measureImages: Measurement = async (_servers, extent) => {
  await using photos = await makePhotos(PHOTOS[extent]);
  const rates = await compete(ROUNDS[extent], {
    clones: () => perSecond(clones, photos),
    byHand: () => perSecond(byHand, photos),
    ours: () => perSecond(ours, photos),
  });
  const best = median(rates.clones) > median(rates.byHand) ? rates.clones : rates.byHand;
  const row = (label: string, values: number[]) => [
    label,
    median(values).toFixed(1),
    median(ratios(values, best)).toFixed(2),
  ];
  return {
    title: `Images: variants per second (${variantsOfAPhoto} of each photo of 12 megapixels)`,
    columns: ["", "per second", "to the best"],
    rows: [
      row("sharp, one clone for each variant", rates.clones),
      row("sharp, decoded once", rates.byHand),
      row("image-resize", rates.ours),
    ],
    figures: [
      ratioFigure("image_vs_sharp", rates.ours, best, 0.95),
      { name: "image_variants_per_second", value: median(rates.ours) },
    ],
  };
};

/** Every photo once, as many at a time as the job allows in a process. */
const perSecond = async (contestant: Contestant, photos: Photos): Promise<number> => {
  const began = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < photos.count) await contestant(photos, next++);
  };
  await Promise.all(Array.from({ length: imageResize.concurrency }, lane));
  return (photos.count * variantsOfAPhoto * 1_000) / (performance.now() - began);
};
