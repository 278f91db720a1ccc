import { median, ratios } from "./statistics.ts";
import type { Servers } from "./servers.ts";

/** A number by which runs are compared, with what we want it to be. */
export interface Figure {
  /** Its key in the JSON output. */
  readonly name: string;
  /** NaN where the machine lacks what it needs: null in JSON. */
  readonly value: number;
  readonly target?: { readonly least?: number; readonly most?: number };
  /** Between which values it varied within this run, or could have by chance. */
  readonly range?: readonly [low: number, high: number];
}

/** What one measurement found: rows for people, figures for programs. */
export interface Findings {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly figures: readonly Figure[];
}

/** Measures one thing on servers of its own. `quick` does less of what takes minutes. */
export type Measurement = (servers: Servers, extent: "full" | "quick") => Promise<Findings>;

/** The median of the ratios of each round, which should be at least `least`. */
export const ratioFigure = (
  name: string,
  values: readonly number[],
  bases: readonly number[],
  least?: number,
): Figure => {
  const all = ratios(values, bases);
  return {
    name,
    value: median(all),
    range: [Math.min(...all), Math.max(...all)],
    ...(least !== undefined && { target: { least } }),
  };
};
