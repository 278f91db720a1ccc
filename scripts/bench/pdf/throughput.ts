import { monitorEventLoopDelay } from "node:perf_hooks";
import { buffer } from "node:stream/consumers";
import { type Sample, sample } from "../../report-samples/contents.ts";
import type { TableName } from "../../../workers/report-generate/content.ts";
import { renderReport } from "../../../workers/report-generate/render.ts";
import { type Measurement, ratioFigure } from "../findings.ts";
import { perSecond, runRounds } from "../rounds.ts";
import { median } from "../statistics.ts";
import { renderBare } from "./bare.ts";

/** About ten pages. */
const usual = sample({ done: 120, pending: 60, overdue: 20 });
const big = sample({ done: 1_000, pending: 1_000, overdue: 1_000 });

/** Reports per second, two at a time as a worker does, and how long the main thread is blocked by a big one. */
export const measureReports: Measurement = async (_, extent) => {
  const { pages } = await render(usual);
  const ms = extent === "quick" ? 2_000 : 6_000;
  const rates = await runRounds(extent === "quick" ? 3 : 7, {
    ours: () => perSecond(ms, 2, () => render(usual)),
    bare: () => perSecond(ms, 2, () => renderBare(usual, pages)),
  });
  const blocked = await longestBlock();
  return {
    title: `Reports of ${pages} pages`,
    columns: ["renderer", "reports per second"],
    rows: [
      ["ours, in threads", median(rates.ours).toFixed(1)],
      ["pdfkit alone", median(rates.bare).toFixed(1)],
      ["main thread blocked by a report of 3,000 rows", `${blocked.toFixed(0)} ms`],
    ],
    figures: [
      ratioFigure("report_vs_pdfkit", rates.ours, rates.bare, 0.9),
      { name: "report_loop_block_ms", value: blocked, target: { max: 50 } },
    ],
  };
};

const longestBlock = async (): Promise<number> => {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await render(big);
  delay.disable();
  return delay.max / 1e6;
};

const render = async ({ content, rows }: Sample): Promise<{ pages: number }> => {
  async function* batches(table: TableName) {
    for (let index = 0; index < rows[table].length; index += 200) yield rows[table].slice(index, index + 200);
  }
  const { signal } = new AbortController();
  const { pdf, pages } = renderReport(content, batches, { signal, progress: () => {} });
  await buffer(pdf);
  return { pages: await pages };
};
