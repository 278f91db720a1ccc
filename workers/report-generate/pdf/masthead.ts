import type { ReportContent } from "../content.ts";
import type { Dates } from "./dates.ts";
import { bookmark } from "./heading.ts";
import { link } from "./link.ts";
import { child, type Sheet, type Tag } from "./sheet.ts";
import { CONTENT_WIDTH, PAGE, SIZE } from "./style.ts";

const KINDS = {
  DAY: "Daily report",
  WEEK: "Weekly report",
  MONTH: "Monthly report",
  SPRINT: "Sprint report",
} as const;
const COLUMN = CONTENT_WIDTH / 3;

export const kindOf = ({ period }: ReportContent): string => KINDS[period.kind];

/** The project, the period, and who asked for the report when. */
export const drawMasthead = (sheet: Sheet, parent: Tag, content: ReportContent, dates: Dates): void => {
  sheet.y = PAGE.top - 12;
  bookmark(sheet, "Overview");
  sheet.artifact(() => sheet.rectangle(PAGE.left, sheet.y, 28, 3.5, "accent"));
  sheet.y += 22;
  const kind = child(sheet, parent, "P");
  sheet.tagged(kind, "P", () => {
    sheet.text(kindOf(content), PAGE.left, sheet.y, { size: 9.5, ink: "accent", weight: "bold" });
  });
  kind.end();
  drawTitle(sheet, parent, content);
  drawFacts(sheet, parent, [
    ["Generated", dates.time(content.generatedAt)],
    ["Time zone", content.zone.replaceAll("_", " ")],
    ["Requested by", content.requestedBy],
  ]);
};

const drawTitle = (sheet: Sheet, parent: Tag, { project, period, links }: ReportContent): void => {
  const style = { size: SIZE.title, ink: "ink", weight: "bold" } as const;
  const lines = sheet.wrap(project, style, CONTENT_WIDTH, 2);
  const height = lines.length * 33;
  const title = child(sheet, parent, "H1");
  const box = { x: PAGE.left, y: sheet.y + 6, width: CONTENT_WIDTH, height };
  link(sheet, title, { url: links.project, text: project, box }, () => {
    sheet.paragraph(lines, { x: PAGE.left, baseline: sheet.y + 31, lineHeight: 33 }, style);
  });
  title.end();
  sheet.y += height + 6;
  const label = child(sheet, parent, "P");
  // A second line, because the label of a sprint is its name, of any length, and then its dates.
  const labelStyle = { size: 12, ink: "muted" } as const;
  const labelLines = sheet.wrap(period.label, labelStyle, CONTENT_WIDTH, 2);
  sheet.tagged(label, "P", () => {
    sheet.paragraph(labelLines, { x: PAGE.left, baseline: sheet.y + 16, lineHeight: 17 }, labelStyle);
  });
  label.end();
  sheet.y += 19 + labelLines.length * 17;
};

const drawFacts = (sheet: Sheet, parent: Tag, facts: readonly (readonly [string, string])[]): void => {
  sheet.artifact(() => sheet.hairline(sheet.y));
  const style = { size: SIZE.body, ink: "ink" } as const;
  facts.forEach(([name, value], index) => {
    const x = PAGE.left + index * COLUMN;
    const [line] = sheet.wrap(value, style, COLUMN - 6, 1);
    const tag = child(sheet, parent, "P");
    sheet.tagged(tag, "P", () => {
      sheet.text(`${name} `, x, sheet.y + 17, { size: SIZE.small, ink: "muted" });
      if (line) sheet.text(line, x, sheet.y + 31, style);
    });
    tag.end();
  });
  sheet.y += 42;
  sheet.artifact(() => sheet.hairline(sheet.y));
};
