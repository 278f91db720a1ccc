import PDFDocument from "pdfkit";
import type { ReportContent } from "../content.ts";
import { clean } from "./clean.ts";
import { latin } from "./fonts.ts";
import { createTypesetter } from "./lines.ts";
import { kindOf } from "./masthead.ts";
import { Sheet } from "./sheet.ts";
import { createShaper, type Shaper } from "./shaping.ts";
import { createTotal } from "./total.ts";
import { CONTENT_WIDTH, PAGE, SIZE } from "./style.ts";

const SMALL = { size: SIZE.small, ink: "muted" } as const;

export interface Opened {
  readonly doc: PDFKit.PDFDocument;
  readonly sheet: Sheet;
  /** Writes the rest of the file. */
  end(): void;
}

/** Opens a tagged document (PDF/UA) whose pages have a header and a footer. */
export const openDocument = (content: ReportContent, generated: string): Opened => {
  const doc = new PDFDocument(optionsOf(content));
  const shaper = createShaper(doc);
  const typesetter = createTypesetter(shaper);
  const total = createTotal(doc, (text) => shaper.shape(text, latin("regular"), "ltr"));
  const project = typesetter.wrap(
    content.project,
    { weight: "bold", size: SIZE.small },
    CONTENT_WIDTH / 2 - 10,
    1,
  )[0];
  const label = typesetter.wrap(
    content.period.label,
    { weight: "regular", size: SIZE.small },
    CONTENT_WIDTH / 2 - 10,
    1,
  )[0];

  const furnish = (page: Sheet) => {
    if (page.pages > 1) {
      if (project) page.text(project, PAGE.left, 38, { size: SIZE.small, ink: "ink", weight: "bold" });
      if (label) page.text(label, PAGE.right, 38, SMALL, "right");
      page.hairline(47);
    }
    const width = page.text(`Page ${page.pages} of`, PAGE.left, 806, SMALL);
    total.draw(PAGE.left + width + 2.1, 806);
    page.text(`Generated ${generated}`, PAGE.right, 806, SMALL, "right");
  };
  const sheet = new Sheet(doc, typesetter, (id) => fontRef(shaper, id), furnish);
  sheet.nextPage();
  const end = () => {
    total.end(sheet.pages, SMALL.size, (id) => fontRef(shaper, id));
    doc.end();
  };
  return { doc, sheet, end };
};

const optionsOf = (content: ReportContent) => {
  const { project, period, requestedBy, generatedAt } = content;
  return {
    size: "A4",
    margin: 0,
    autoFirstPage: false,
    // pdfkit opens Helvetica otherwise, which cannot be embedded.
    font: null as unknown as string,
    pdfVersion: "1.7",
    // Not in the types.
    subset: "PDF/UA" as "PDF/A-1",
    tagged: true,
    lang: "en",
    displayTitle: true,
    info: {
      Title: asInfo(`${clean(project, 300)}: ${clean(period.label, 300)}`),
      Author: asInfo(clean(requestedBy, 300)),
      Subject: asInfo(`${kindOf(content)}, ${period.firstDay} to ${period.lastDay}`),
      Creator: asInfo("Offstage"),
      CreationDate: new Date(generatedAt),
    },
  } as const;
};

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** pdfkit writes texts twice: as PDF, from the value, and into XML, where it does not escape them, as a string. */
class Info extends String {
  override toString(): string {
    return this.valueOf().replace(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);
  }
}

const asInfo = (text: string): string => new Info(text) as unknown as string;

const fontRef = ({ fonts }: Shaper, id: string): unknown => fonts.get(id)?.ref();
