import PDFDocument from "pdfkit";
import { MAX_ROWS, type ReportContent, type TableName, type TaskRow } from "../content.ts";

/** The outside of a report that is drawn. */
export interface Surroundings {
  read(table: TableName): AsyncIterable<TaskRow[]>;
  /** Resolves when more may be sent. */
  send(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Rows drawn so far. */
  progress(done: number): void;
}

/** Draws a report. Resolves with the number of pages. */
export const drawReport = async (
  content: ReportContent,
  { read, send, progress }: Surroundings,
): Promise<number> => {
  const font = new URL("../fonts/NotoSans-Regular.ttf", import.meta.resolve("@embedpdf/fonts-latin"));
  const doc = new PDFDocument({ size: "A4", font: font.pathname, info: { Title: content.project } });
  let pages = 1;
  doc.on("pageAdded", () => pages++);
  let done = 0;
  doc.text(content.project).text(content.period.label);
  for (const table of ["done", "pending", "overdue"] as const) {
    let drawn = 0;
    for await (const rows of read(table)) {
      for (const row of rows.slice(0, MAX_ROWS - drawn)) doc.text(row.title);
      drawn += rows.length;
      done += rows.length;
      progress(done);
      await flush(doc, send);
      if (drawn >= MAX_ROWS) break;
    }
  }
  doc.end();
  await flush(doc, send);
  return pages;
};

const flush = async (doc: PDFKit.PDFDocument, send: Surroundings["send"]): Promise<void> => {
  const bytes = doc.read() as Uint8Array | null;
  if (bytes) await send(Uint8Array.from(bytes));
};
