import { styleText } from "node:util";
import type { Figure, Findings } from "./findings.ts";
import type { Machine } from "./machine.ts";

export const printMachine = ({ cores, cpu, node, postgres, redis, load }: Machine): void => {
  console.log(`${cores} cores (${cpu}), Node ${node}, PostgreSQL ${postgres} with fsync, load ${load}`);
  console.log(redis ? `Redis ${redis}` : "No redis-server on PATH: skipped the measurements on Redis.");
  if (load > cores / 4)
    console.log("Other processes use this machine: ratios are more reliable than absolute figures.");
};

export const printFindings = ({ title, columns, rows, figures }: Findings): void => {
  console.log(`\n${styleText("bold", title)}`);
  printTable([columns, ...rows]);
  console.log();
  printTable(
    figures.map((figure) => [
      figure.name,
      formatNumber(figure.value),
      describeRange(figure),
      verdict(figure),
    ]),
  );
};

/** A JSON object with the machine as `machine`, and the value of every figure under its name. */
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
  range && !Number.isNaN(value) ? `(${range.map(formatNumber).join(" – ")})` : "";

const verdict = ({ value, range = [value, value], target }: Figure): string => {
  if (!target || Number.isNaN(value)) return "";
  const { min = -Infinity, max = Infinity } = target;
  const label = `target ${describeTarget(target)}`;
  if (value >= min && value <= max) return `${label}: met`;
  const includesTarget = range[1] >= min && range[0] <= max;
  return styleText(
    "red",
    includesTarget ? `${label}: MISSED, but its range includes the target` : `${label}: MISSED`,
  );
};

const describeTarget = ({ min, max }: NonNullable<Figure["target"]>): string => {
  if (min === undefined) return `≤ ${max}`;
  return max === undefined ? `≥ ${min}` : `${min} – ${max}`;
};

const formatNumber = (value: number): string =>
  Number.isNaN(value) ? "–" : round(value).toLocaleString("en-US");

const round = (value: number): number => Number(value.toPrecision(3));
