import { scaleLinear } from "d3-scale";
import { curveStepAfter, line } from "d3-shape";
import type { Throughput } from "../content.ts";
import { drawCounts, drawFigure, drawLabels, drawLegend, PLOT, type Series } from "./chart.ts";
import { clean } from "./clean.ts";
import type { Sheet, Tag } from "./sheet.ts";

type Bucket = Throughput["buckets"][number];

/** Pairs of bars become too thin beyond this number. */
const MAX_PAIRS = 62;

/** The alternative text lists every bucket up to this number. */
const MAX_LISTED = 62;

/** Tasks done and opened over time: pairs of bars, or bars and a line if there are many. */
export const drawThroughput = (sheet: Sheet, parent: Tag, { buckets }: Throughput): void => {
  drawFigure(sheet, parent, describe(buckets), (top) => draw(sheet, buckets, top));
};

const draw = (sheet: Sheet, buckets: readonly Bucket[], top: number): void => {
  const y = drawCounts(sheet, top, Math.max(0, ...buckets.flatMap(({ done, opened }) => [done, opened])));
  const slot = (PLOT.right - PLOT.left) / Math.max(1, buckets.length);
  const zero = top + PLOT.height;
  const isDense = buckets.length > MAX_PAIRS;
  const width = isDense ? slot : Math.min(18, slot * 0.36);
  const gap = isDense ? 0 : Math.min(2, slot * 0.06);
  const bar = (x: number, count: number, ink: "accent" | "series") => {
    if (count > 0) sheet.rectangle(x, y(count), width, zero - y(count), ink);
  };
  buckets.forEach(({ done, opened }, index) => {
    const middle = PLOT.left + (index + 0.5) * slot;
    bar(isDense ? middle - slot / 2 : middle - width - gap / 2, done, "accent");
    if (!isDense) bar(middle + gap / 2, opened, "series");
  });
  if (isDense) drawOpened(sheet, buckets, slot, y);
  drawLabels(
    sheet,
    top,
    buckets.map(({ label }) => label),
    (index) => PLOT.left + (index + 0.5) * slot,
  );
  drawLegend(sheet, top, series(isDense));
};

const drawOpened = (
  sheet: Sheet,
  buckets: readonly Bucket[],
  slot: number,
  y: (count: number) => number,
): void => {
  const x = scaleLinear([0, buckets.length], [PLOT.left, PLOT.right]);
  const counts = [...buckets.map(({ opened }) => opened), buckets.at(-1)?.opened ?? 0];
  const path = line<number>(
    (_, index) => x(index),
    (opened) => y(opened),
  ).curve(curveStepAfter);
  sheet.strokePath(path(counts) ?? "", "muted", Math.min(0.9, slot));
};

const series = (isDense: boolean): Series[] => [
  { name: "Done", ink: "accent", kind: "bar" },
  isDense ? { name: "Opened", ink: "muted", kind: "line" } : { name: "Opened", ink: "series", kind: "bar" },
];

const describe = (buckets: readonly Bucket[]): string => {
  const sum = (of: "done" | "opened") => buckets.reduce((total, bucket) => total + bucket[of], 0);
  const best = buckets.toSorted((one, other) => other.done - one.done)[0];
  const most = best && best.done > 0 ? ` Most were done in ${clean(best.label, 60)}: ${best.done}.` : "";
  const listed = buckets
    .slice(0, MAX_LISTED)
    .map(({ label, done, opened }) => `${label}: ${done} done, ${opened} opened`);
  const list = buckets.length <= MAX_LISTED ? ` ${listed.join("; ")}.` : "";
  return `Throughput: ${sum("done")} tasks done and ${sum("opened")} opened.${most}${clean(list) && ` ${clean(list)}`}`;
};
