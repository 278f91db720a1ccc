import { styleText } from "node:util";
import type { InjectedFault } from "./fault-injection.ts";
import type { BrokerKind } from "./system.ts";
import { hasPassed, type Verdict } from "./verdict.ts";

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** The lower median. 0 without values. */
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0;

const printTable = (lines: readonly (readonly string[])[]) => {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  for (const [label = "", ...cells] of lines) {
    const padded = cells.map((cell, index) => cell.padStart(widths[index + 1] ?? 0));
    console.log(`  ${[label.padEnd(widths[0] ?? 0), ...padded].join("   ")}`);
  }
};

const faultRow = (name: string, faults: readonly InjectedFault[]) => {
  const recoveries = faults.map(({ recoveryMs }) => recoveryMs);
  return [name, `${faults.length}`, seconds(median(recoveries)), seconds(Math.max(...recoveries))];
};

export const printReport = (broker: BrokerKind, verdict: Verdict, faults: readonly InjectedFault[]): void => {
  const {
    acknowledged,
    done,
    lost,
    repeated,
    ordered,
    disordered,
    duplicateMails,
    unexpectedMessageIds,
    deadLettered,
    crashed,
    slowestMs,
  } = verdict;
  console.log(`\n${styleText("bold", `${broker} as broker`)}`);
  printTable([
    ["acknowledged", `${acknowledged}`],
    ["done", `${done}`],
    ["lost", `${lost.length}`],
    ["repeated outside the crash window", `${repeated.length}`],
    ["with an ordering key", `${ordered}`],
    ["out of the order of their key", `${disordered.length}`],
    ["duplicate mails", `${duplicateMails}`],
    ["addresses with an unexpected Message-ID", `${unexpectedMessageIds.length}`],
    ["jobs whose process died", `${crashed}`],
    ["dead-lettered, then replayed", `${deadLettered}`],
    ["slowest job, from commit to completion", seconds(slowestMs)],
  ]);
  console.log();
  const byName = Map.groupBy(faults, ({ name }) => name);
  printTable([
    ["fault", "times", "recovery p50", "max"],
    ...[...byName].map(([name, group]) => faultRow(name, group)),
    faultRow("all", faults),
  ]);
  for (const line of [...lost, ...repeated, ...disordered, ...unexpectedMessageIds].slice(0, 20))
    console.log(styleText("red", `  ${line}`));
  console.log(hasPassed(verdict) ? styleText("green", "  passed") : styleText("red", "  FAILED"));
};
