import { styleText } from "node:util";
import type { Strike } from "./strikes.ts";
import type { BrokerKind } from "./system.ts";
import { isKept, type Verdict } from "./verdict.ts";

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** The smallest value that half of them do not exceed. */
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

const rowOf = (name: string, strikes: readonly Strike[]) => {
  const recoveries = strikes.map(({ recoveryMs }) => recoveryMs);
  return [name, `${strikes.length}`, seconds(median(recoveries)), seconds(Math.max(...recoveries))];
};

export const printReport = (broker: BrokerKind, verdict: Verdict, strikes: readonly Strike[]): void => {
  const {
    acknowledged,
    done,
    lost,
    repeated,
    secondMails,
    otherMessageIds,
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
    ["mails sent again inside it", `${secondMails}`],
    ["  of them under another Message-ID", `${otherMessageIds.length}`],
    ["jobs whose process died", `${crashed}`],
    ["dead-lettered, replayed and done", `${deadLettered}`],
    ["slowest job, from commit to end", seconds(slowestMs)],
  ]);
  console.log();
  const kinds = Map.groupBy(strikes, ({ name }) => name);
  printTable([
    ["fault", "times", "recovery p50", "max"],
    ...[...kinds].map(([name, each]) => rowOf(name, each)),
    rowOf("all", strikes),
  ]);
  for (const line of [...lost, ...repeated, ...otherMessageIds].slice(0, 20))
    console.log(styleText("red", `  ${line}`));
  console.log(isKept(verdict) ? styleText("green", "  kept every promise") : styleText("red", "  BROKEN"));
};
