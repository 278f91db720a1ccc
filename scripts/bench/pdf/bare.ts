import PDFDocument from "pdfkit";
import type { Sample } from "../../report-samples/contents.ts";

const font = (style: string) =>
  new URL(`../fonts/NotoSans-${style}.ttf`, import.meta.resolve("@embedpdf/fonts-latin")).pathname;

/** Rows of a page of the renderer. */
const ROWS = 28;

/**
 * The same texts on as many pages with pdfkit alone: no tags, links, charts, bidirectional text, clipping or thread.
 */
export const renderBare = async ({ content, rows }: Sample, pages: number): Promise<number> => {
  const doc = new PDFDocument({
    size: "A4",
    margin: 0,
    font: font("Regular"),
    pdfVersion: "1.7",
    autoFirstPage: false,
  });
  let drawn = 0;
  let bytes = 0;
  const addPage = () => {
    doc.addPage();
    drawn++;
    doc.font(font("Regular")).fontSize(8).text(`Page ${drawn} of ${pages}`, 48, 800, { lineBreak: false });
    doc.text("Generated 27 Nov 2026, 14:05", 400, 800, { lineBreak: false });
    doc.font(font("SemiBold")).text(content.project, 48, 30, { lineBreak: false });
    doc.fontSize(9).font(font("Regular"));
  };
  addPage();
  doc.fontSize(25).text(content.project, 48, 80).fontSize(12).text(content.period.label).fontSize(9);
  for (const table of ["overdue", "pending", "done"] as const) {
    rows[table].forEach((row, index) => {
      if (index % ROWS === 0) addPage();
      const y = 80 + (index % ROWS) * 25;
      doc.text(row.title, 63, y, { width: 220 });
      doc.text(row.state, 290, y, { width: 54, lineBreak: false });
      doc.text(row.assignee ?? "Unassigned", 350, y, { width: 84, lineBreak: false });
      doc.text(row.dueOn ?? row.completedAt?.slice(0, 10) ?? "–", 440, y, { width: 56, lineBreak: false });
      doc.text(String(row.estimate ?? "–"), 510, y, { width: 30, align: "right", lineBreak: false });
      doc
        .moveTo(48, y + 18)
        .lineTo(547, y + 18)
        .lineWidth(0.6)
        .stroke("#e4e4e7");
      doc.fillColor("#18181b");
    });
  }
  while (drawn < pages) addPage();
  doc.end();
  for await (const chunk of doc) bytes += (chunk as Uint8Array).length;
  return bytes;
};
