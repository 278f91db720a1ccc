import { median, ratios } from "../statistics.ts";

/** The cells of a table for a rate, and for its ratio to that of one process. */
export const rateCells = (values: readonly number[], ofOne: readonly number[]): [string, string] =>
  values.length === 0
    ? ["–", "–"]
    : [Math.round(median(values)).toLocaleString("en-US"), median(ratios(values, ofOne)).toFixed(2)];
