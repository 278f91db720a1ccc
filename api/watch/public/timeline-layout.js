import { lifeOf } from "./life.js";
import { partsOf } from "./runs.js";
import { time } from "./words.js";

/** The share of the whole from which a gap is folded, its width then, and ms below which it never is. */
const LONG = 0.3;
const FOLDED = 0.1;
const SHORT = 1_000;

/** The smallest width of a bar, so that a run of a millisecond is seen. */
const THIN = 0.012;

const GAPS = new Set(["delay", "children", "turn", "wait", "backoff", "earlier"]);

/**
 * The bars of a job from 0 to 1: its runs and waits. A long gap is folded, so that it does not squeeze the rest;
 * `unfolded` are the indexes of those that are shown in full. `marks` are the publications after the first.
 */
export const layoutTimeline = (job, { now, unfolded = new Set() }) => {
  const parts = partsOf(job, now);
  const total = parts.reduce((sum, { from, to }) => sum + to - from, 0);
  const hasRuns = parts.some(({ kind }) => !GAPS.has(kind));
  const sized = parts.map((part, index) => {
    const isLong = GAPS.has(part.kind) && part.to - part.from > Math.max(SHORT, LONG * total);
    return {
      ...part,
      index,
      canFold: isLong && hasRuns,
      isFolded: isLong && hasRuns && !unfolded.has(index),
    };
  });
  const bars = place(sized);
  return { from: time(job.createdAt), to: bars.at(-1)?.to ?? now, bars, marks: marksOf(job, bars) };
};

const place = (parts) => {
  const open = parts.filter(({ isFolded }) => !isFolded).reduce((sum, { from, to }) => sum + to - from, 0);
  const folded = parts.filter(({ isFolded }) => isFolded).length;
  const room = 1 - folded * FOLDED;
  const wanted = parts.map((part) =>
    part.isFolded ? FOLDED : Math.max(THIN, open > 0 ? ((part.to - part.from) / open) * room : THIN),
  );
  const scale = 1 / wanted.reduce((sum, width) => sum + width, 0);
  let x = 0;
  return parts.map((part, index) => {
    const bar = { ...part, x, width: wanted[index] * scale };
    x += bar.width;
    return bar;
  });
};

/** Where a moment is between 0 and 1. Within a folded gap, its place is in proportion. */
export const placeOf = (bars, at) => {
  const bar = bars.find(({ to }) => at <= to) ?? bars.at(-1);
  if (!bar) return 0;
  const share = bar.to > bar.from ? (at - bar.from) / (bar.to - bar.from) : 1;
  return bar.x + bar.width * Math.min(1, Math.max(0, share));
};

const marksOf = (job, bars) =>
  lifeOf(job)
    .filter(({ kind, epoch, at }) => kind === "published" && epoch > 1 && at !== undefined)
    .map(({ epoch, at }) => ({ epoch, at, x: placeOf(bars, at) }));
