import { styleText } from "node:util";
import type { Figure, Findings } from "./findings.ts";
import type { Machine } from "./machine.ts";

export const printMachine = ({ cores, cpu, node, postgres, redis, load }: Machine): void => {
  console.log(`${cores} cores (${cpu}), Node ${node}, PostgreSQL ${postgres} with fsync, load ${load}`);
  console.log(redis ? `Redis ${redis}` : "No redis-server on PATH: the figures for Redis are missing.");
  if (load > cores / 4) console.log("Others use this machine: trust ratios more than absolute figures.");
};

export const printFindings = ({ title, columns, rows, figures }: Findings): void => {
  console.log(`\n${styleText("bold", title)}`);
  printTable([columns, ...rows]);
  console.log();
  printTable(
    figures.map((figure) => [figure.name, spell(figure.value), describeRange(figure), verdict(figure)]),
  );
};

/** One object for programs: what machine it was, and every figure under its name. */
export const toJson = (machine: Machine, findings: readonly Findings[]): string => {
  const figures = findings.flatMap((each) => each.figures);
  const values = figures.map(({ name, value }) => [name, round(value)]);
  return JSON.stringify({ machine, ...Object.fromEntries(values) });
};

const printTable = (lines: readonly (readonly string[])[]): void => {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  for (const [label = "", ...cells] of lines) {
    const padded = cells.map((cell, index) => cell.padStart(widths[index + 1] ?? 0));
    console.log(`  ${[label.padEnd(widths[0] ?? 0), ...padded].join("   ")}`.trimEnd());
  }
};

const describeRange = ({ value, range }: Figure): string =>
  range && !Number.isNaN(value) ? `(${range.map(spell).join(" – ")})` : "";

const verdict = ({ value, range = [value, value], target }: Figure): string => {
  if (!target || Number.isNaN(value)) return "";
  const { least = -Infinity, most = Infinity } = target;
  const wanted = `target ${describeTarget(target)}`;
  if (value >= least && value <= most) return `${wanted}: met`;
  const isNoise = range[1] >= least && range[0] <= most;
  return styleText("red", isNoise ? `${wanted}: MISSED, but by less than it varies` : `${wanted}: MISSED`);
};

const describeTarget = ({ least, most }: NonNullable<Figure["target"]>): string => {
  if (least === undefined) return `≤ ${most}`;
  return most === undefined ? `≥ ${least}` : `${least} – ${most}`;
};

const spell = (value: number): string => (Number.isNaN(value) ? "–" : round(value).toLocaleString("en-US"));

const round = (value: number): number => Number(value.toPrecision(3));
