import { median, ratios } from "./statistics.ts";
import type { Servers } from "./servers.ts";

/** A number for the comparison of runs, with an optional target. */
export interface Figure {
  /** Its key in the JSON output. */
  readonly name: string;
  /** NaN if it cannot be measured on this machine, which is null in JSON. */
  readonly value: number;
  /** Inclusive bounds. */
  readonly target?: { readonly min?: number; readonly max?: number };
  /** The minimum and maximum of the rounds, or the 95 % confidence interval. */
  readonly range?: readonly [low: number, high: number];
}

/** The result of a measurement: a table to print, and figures that are also in the JSON output. */
export interface Findings {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly figures: readonly Figure[];
}

/** Measures one aspect on the given servers. `quick` takes fewer samples. */
export type Measurement = (servers: Servers, extent: "full" | "quick") => Promise<Findings>;

/** The median of the ratios of all rounds. The target is at least `min`. */
export const ratioFigure = (
  name: string,
  values: readonly number[],
  bases: readonly number[],
  min?: number,
): Figure => {
  const all = ratios(values, bases);
  return {
    name,
    value: median(all),
    range: [Math.min(...all), Math.max(...all)],
    ...(min !== undefined && { target: { min } }),
  };
};
