import type { Throughput } from "../content.ts";
import { drawCounts, drawFigure, drawLabels, drawLegend, PLOT, type Series } from "./chart.ts";
import { clean } from "./clean.ts";
import type { Sheet, Tag } from "./sheet.ts";

type Bucket = Throughput["buckets"][number];

/** Pairs of bars become too thin beyond this number, so buckets are added up. */
const MAX_PAIRS = 62;

/** How many buckets a bar stands for. */
export const bucketsPerBar = ({ buckets }: Throughput): number => Math.ceil(buckets.length / MAX_PAIRS);

/** Tasks done and opened over time, as pairs of bars. */
export const drawThroughput = (sheet: Sheet, parent: Tag, chart: Throughput): void => {
  const buckets = addUp(chart);
  drawFigure(sheet, parent, describe(buckets), (top) => draw(sheet, buckets, top));
};

/** With the label of the first. */
const addUp = (chart: Throughput): Bucket[] => {
  const size = bucketsPerBar(chart);
  const sums: Bucket[] = [];
  chart.buckets.forEach((bucket, index) => {
    const sum = sums.at(-1);
    if (index % size === 0 || !sum) sums.push({ ...bucket });
    else sums[sums.length - 1] = { ...sum, done: sum.done + bucket.done, opened: sum.opened + bucket.opened };
  });
  return sums;
};

const draw = (sheet: Sheet, buckets: readonly Bucket[], top: number): void => {
  const y = drawCounts(sheet, top, Math.max(0, ...buckets.flatMap(({ done, opened }) => [done, opened])));
  const slot = (PLOT.right - PLOT.left) / Math.max(1, buckets.length);
  const zero = top + PLOT.height;
  const width = Math.min(18, slot * 0.38);
  const gap = Math.min(2, slot * 0.06);
  const middle = (index: number) => PLOT.left + (index + 0.5) * slot;
  const bar = (x: number, count: number, ink: "accent" | "series") => {
    if (count > 0) sheet.rectangle(x, y(count), width, zero - y(count), ink);
  };
  buckets.forEach(({ done, opened }, index) => {
    bar(middle(index) - width - gap / 2, done, "accent");
    bar(middle(index) + gap / 2, opened, "series");
  });
  drawLabels(
    sheet,
    top,
    buckets.map(({ label }) => label),
    middle,
  );
  drawLegend(sheet, top, SERIES);
};

const SERIES: readonly Series[] = [
  { name: "Done", ink: "accent", kind: "bar" },
  { name: "Opened", ink: "series", kind: "bar" },
];

const describe = (buckets: readonly Bucket[]): string => {
  const sum = (of: "done" | "opened") => buckets.reduce((total, bucket) => total + bucket[of], 0);
  const best = buckets.toSorted((one, other) => other.done - one.done)[0];
  const most = best && best.done > 0 ? ` Most were done in ${clean(best.label, 60)}: ${best.done}.` : "";
  const listed = buckets.map(
    ({ label, done, opened }) => `${clean(label, 60)}: ${done} done, ${opened} opened`,
  );
  const list = listed.length > 0 ? ` ${listed.join("; ")}.` : "";
  return `Throughput: ${sum("done")} tasks done and ${sum("opened")} opened.${most}${list}`;
};
