import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Measurement } from "../findings.ts";
import { runRounds } from "../rounds.ts";
import { median } from "../statistics.ts";

const [FEW, MANY] = [500, 50_000];

/** The peak of the resident memory with many tasks and with few, in processes of their own. */
export const measureReportMemory: Measurement = async (_, extent) => {
  const peaks = await runRounds(extent === "quick" ? 1 : 3, { few: () => peak(FEW), many: () => peak(MANY) });
  const growth = peaks.many.map((value, round) => value - (peaks.few[round] ?? Number.NaN));
  return {
    title: "Memory of reports",
    columns: ["tasks", "peak resident memory"],
    rows: [
      [String(FEW), `${median(peaks.few).toFixed(0)} MB`],
      [String(MANY), `${median(peaks.many).toFixed(0)} MB`],
    ],
    figures: [
      {
        name: "report_rss_growth_mb",
        value: median(growth),
        range: [Math.min(...growth), Math.max(...growth)],
        target: { max: 60 },
      },
    ],
  };
};

const peak = async (tasks: number): Promise<number> => {
  const program = join(import.meta.dirname, "render-many.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    env: { ...process.env, TASKS: String(tasks) },
  });
  return Number(/^peak ([\d.]+)/m.exec(stdout)?.[1]);
};
