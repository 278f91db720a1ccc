import { imageResize } from "../../../workers/image-resize/job.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { runRounds } from "../rounds.ts";
import { median, ratios } from "../statistics.ts";
import { type Candidate, clonePerVariant, decodeOnce, ours, variantsPerPhoto } from "./candidates.ts";
import { makePhotos, type Photos } from "./photos.ts";

const ROUNDS = { full: 5, quick: 3 };
const PHOTOS = { full: 8, quick: 4 };

/** Compares the variants per second of image-resize in one process with two minimal programs that use sharp. */
export const measureImages: Measurement = async (_servers, extent) => {
  await using photos = await makePhotos(PHOTOS[extent]);
  const rates = await runRounds(ROUNDS[extent], {
    clonePerVariant: () => perSecond(clonePerVariant, photos),
    decodeOnce: () => perSecond(decodeOnce, photos),
    ours: () => perSecond(ours, photos),
  });
  const best =
    median(rates.clonePerVariant) > median(rates.decodeOnce) ? rates.clonePerVariant : rates.decodeOnce;
  const row = (label: string, values: number[]) => [
    label,
    median(values).toFixed(1),
    median(ratios(values, best)).toFixed(2),
  ];
  return {
    title: `Images: variants per second (${variantsPerPhoto} of each photo of 12 megapixels)`,
    columns: ["", "per second", "ratio to the faster sharp"],
    rows: [
      row("sharp, one clone for each variant", rates.clonePerVariant),
      row("sharp, decoded once", rates.decodeOnce),
      row("image-resize", rates.ours),
    ],
    figures: [
      ratioFigure("image_vs_sharp", rates.ours, best, 0.95),
      { name: "image_variants_per_second", value: median(rates.ours) },
    ],
  };
};

/** Processes every photo once, with the job's concurrency. Resolves with variants per second. */
const perSecond = async (candidate: Candidate, photos: Photos): Promise<number> => {
  const startedAt = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < photos.count) await candidate(photos, next++);
  };
  await Promise.all(Array.from({ length: imageResize.concurrency }, lane));
  return (photos.count * variantsPerPhoto * 1_000) / (performance.now() - startedAt);
};
