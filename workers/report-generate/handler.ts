import { Readable } from "node:stream";
import type { Payload, Run } from "../core/index.ts";
import { collectContent, scopeOf } from "./collect.ts";
import { drawnRows, type RenderReport } from "./content.ts";
import type { ReportData, RequestedReport } from "./data.ts";
import type { reportGenerate } from "./job.ts";
import { spanOf } from "./period.ts";

/** Of a stored PDF. */
export interface Pdf {
  pages: number;
  bytes: number;
}

export interface Deps<Tx> {
  /**
   * The report of a payload. For a slot it is created, with the id of the job. Otherwise the reason why none is made:
   * `reject` is one for its user.
   */
  findReport(
    payload: Payload<typeof reportGenerate>,
    jobId: string,
  ): Promise<RequestedReport | { skip: string } | { reject: string; reportId: string }>;
  data: ReportData;
  render: RenderReport;
  /** Stores a PDF, whole or not at all, in place of an earlier one. */
  write(reportId: string, pdf: Readable): Promise<void>;
  /** Removes the stored PDF, if there is one. */
  remove(reportId: string): Promise<void>;
  /**
   * Makes the report ready and notifies its user, unless it was ready before. Resolves with "gone" if it may not be
   * delivered any more.
   */
  publish(tx: Tx, report: RequestedReport, pdf: Pdf): Promise<"published" | "gone">;
  /** Marks the report as failed and notifies its user, who sees `problem`. */
  fail(tx: Tx, reportId: string, problem: string): Promise<unknown>;
  projectUrl(projectId: string): string;
}

export const generateReport =
  <Tx>(deps: Deps<Tx>) =>
  async (payload: Payload<typeof reportGenerate>, run: Run<Tx>): Promise<unknown> => {
    const report = await deps.findReport(payload, run.id);
    if ("skip" in report) return `skipped: ${report.skip}`;
    if ("reject" in report)
      return run.complete(async (tx) => {
        await deps.fail(tx, report.reportId, report.reject);
        return `failed: ${report.reject}`;
      });

    const pdf = await writePdf(deps, report, run);
    try {
      return await run.complete(async (tx) => {
        if ((await deps.publish(tx, report, pdf)) === "gone")
          throw new GoneError("the report was deleted, or its user left the project");
        return pdf;
      });
    } catch (error) {
      if (!(error instanceof GoneError)) throw error;
      await deps.remove(report.id);
      return `skipped: ${error.message}`;
    }
  };

/** Rolls the completion back, so that the file is removed before the job is completed. */
class GoneError extends Error {}

const writePdf = async <Tx>(
  { data, render, write, projectUrl }: Deps<Tx>,
  report: RequestedReport,
  run: Pick<Run, "signal" | "progress">,
): Promise<Pdf> => {
  const now = new Date();
  const content = await collectContent(report, data, now, projectUrl(report.project.id));
  const scope = scopeOf(report);
  const span = spanOf(report, report.zone, now);
  const { pdf, pages } = render(content, (table, signal) => data.readRows(scope, span, table, signal), {
    signal: run.signal,
    progress: throttled(run, drawnRows(content.counts)),
  });
  let bytes = 0;
  const counted = Readable.from(
    (async function* () {
      for await (const chunk of pdf as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        yield chunk;
      }
    })(),
    { objectMode: false },
  );
  const [, count] = await Promise.all([write(report.id, counted), pages]);
  return { pages: count, bytes };
};

/** Milliseconds between two reports of progress. */
const PROGRESS_EVERY = 500;

/** Reports progress, and drops reports while the previous one is being written, and for a moment after it. */
const throttled = ({ progress }: Pick<Run, "progress">, total: number) => {
  let next = 0;
  return (rows: number) => {
    if (Date.now() < next || total === 0) return;
    next = Infinity;
    const written = () => void (next = Date.now() + PROGRESS_EVERY);
    progress(Math.min(1, rows / total)).then(written, written);
  };
};
