import { styleText } from "node:util";
import type { BatchRow } from "../../workers/core/index.ts";
import { relative } from "./print.ts";

const COUNTS = ["total", "waiting", "running", "done", "failed", "cancelled"] as const;

/** Prints batches as a table, in at most `most` lines. */
export const printBatches = (batches: readonly BatchRow[], most = Infinity): void =>
  console.log(batchLines(batches).slice(0, most).join("\n"));

const batchLines = (batches: readonly BatchRow[]): string[] => {
  if (batches.length === 0) return ["no batches"];
  const header = ["BATCH", "CREATED", ...COUNTS.map((count) => count.toUpperCase())];
  const rows = batches.map((batch) => [
    batch.name,
    relative(batch.createdAt),
    ...COUNTS.map((count) => `${batch[count]}`),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [header, ...rows].map((row, index) => {
    const cells = row.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    const line = cells.join("  ").trimEnd();
    if (index === 0) return styleText("bold", line);
    return Number(batches[index - 1]?.failed) > 0 ? styleText("red", line) : line;
  });
};
