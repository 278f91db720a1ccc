import type { Line, Typesetter } from "./lines.ts";
import type { Weight } from "./fonts.ts";
import { type Ink, PAGE, rgb, round } from "./style.ts";

export type Tag = ReturnType<PDFKit.PDFDocument["struct"]>;

export interface TextStyle {
  readonly size: number;
  readonly ink: Ink;
  readonly weight?: Weight;
}

export interface Place {
  readonly x: number;
  readonly baseline: number;
  readonly lineHeight: number;
}

/** Where the text is relative to `x`. */
export type Align = "left" | "right" | "center";

/**
 * Draws on the current page, from its top to its bottom. All marks are either the content of a structure element or
 * an artifact. Writes PDF operators itself, which is several times faster than pdfkit's text().
 */
export class Sheet {
  readonly doc: PDFKit.PDFDocument;
  /** Where the next block begins. */
  y: number = PAGE.top;
  pages = 0;
  readonly #typesetter: Typesetter;
  readonly #fontRef: (id: string) => unknown;
  readonly #furnish: (sheet: Sheet) => void;
  #ink: Ink | undefined;

  constructor(
    doc: PDFKit.PDFDocument,
    typesetter: Typesetter,
    fontRef: (id: string) => unknown,
    furnish: (sheet: Sheet) => void,
  ) {
    this.doc = doc;
    this.#typesetter = typesetter;
    this.#fontRef = fontRef;
    this.#furnish = furnish;
  }

  /** Begins a page with its header and footer. */
  nextPage(): void {
    this.doc.addPage();
    this.pages++;
    this.y = PAGE.top;
    this.#ink = undefined;
    this.artifact(() => this.#furnish(this), { type: "Pagination" });
  }

  fits(height: number): boolean {
    return this.y + height <= PAGE.bottom;
  }

  /** Marks decoration, which assistive technology ignores. */
  artifact(draw: () => void, options: { type: "Layout" | "Pagination" } = { type: "Layout" }): void {
    this.doc.markContent("Artifact", options);
    draw();
    this.doc.endMarkedContent();
  }

  /** Draws the content of a structure element. */
  tagged(tag: Tag, type: string, draw: () => void): void {
    const content = this.doc.markStructureContent(type);
    draw();
    this.doc.endMarkedContent();
    tag.add(content);
  }

  line(text: string, { weight = "regular" }: TextStyle): Line {
    return this.#typesetter.line(text, weight);
  }

  wrap(text: string, { weight = "regular", size }: TextStyle, width: number, maxLines: number): Line[] {
    return this.#typesetter.wrap(text, { weight, size }, width, maxLines);
  }

  /** Draws one line. Returns its width. */
  text(text: string | Line, x: number, baseline: number, style: TextStyle, align: Align = "left"): number {
    const line = typeof text === "string" ? this.line(text, style) : text;
    const width = (line.width * style.size) / 1_000;
    const start = x - (align === "left" ? 0 : align === "right" ? width : width / 2);
    this.fill(style.ink);
    this.draw(`BT 1 0 0 -1 ${round(start)} ${round(baseline)} Tm\n${this.#show(line, style.size)}ET`);
    return width;
  }

  /**
   * Draws the lines of a paragraph, the first on `baseline`. From right to left, they begin at the right of the longest
   * if the paragraph is at the left.
   */
  paragraph(lines: readonly Line[], at: Place, style: TextStyle, align: Align = "left"): void {
    const longest = Math.max(0, ...lines.map(({ width }) => (width * style.size) / 1_000));
    lines.forEach((line, index) => {
      const baseline = at.baseline + index * at.lineHeight;
      if (align === "left" && line.direction === "rtl")
        this.text(line, at.x + longest, baseline, style, "right");
      else this.text(line, at.x, baseline, style, align);
    });
  }

  /** Sets the color of what is filled and of text. */
  fill(ink: Ink): void {
    if (ink !== this.#ink) this.draw(`${rgb(ink)} rg`);
    this.#ink = ink;
  }

  rectangle(x: number, y: number, width: number, height: number, ink: Ink): void {
    this.fill(ink);
    this.draw(`${round(x)} ${round(y)} ${round(width)} ${round(height)} re f`);
  }

  /** Strokes a path of PDF operators. */
  stroke(path: string, ink: Ink, width: number, dash: readonly number[] = []): void {
    this.draw(`${rgb(ink)} RG ${width} w [${dash.join(" ")}] 0 d\n${path} S`);
  }

  /** Fills a path of SVG. */
  fillPath(svg: string, ink: Ink): void {
    this.fill(ink);
    this.doc.path(svg);
    this.draw("f");
  }

  /** Strokes a path of SVG. */
  strokePath(svg: string, ink: Ink, width: number, dash: readonly number[] = []): void {
    this.draw(`${rgb(ink)} RG ${width} w [${dash.join(" ")}] 0 d`);
    this.doc.path(svg);
    this.draw("S");
  }

  dot(x: number, y: number, radius: number, ink: Ink): void {
    this.fill(ink);
    this.doc.circle(x, y, radius);
    this.draw("f");
  }

  /** Ends what began with doc.save(). */
  restore(): void {
    this.doc.restore();
    this.#ink = undefined;
  }

  hairline(y: number, from: number = PAGE.left, to: number = PAGE.right): void {
    this.stroke(`${round(from)} ${round(y)} m ${round(to)} ${round(y)} l`, "line", 0.6);
  }

  draw(operators: string): void {
    this.doc.addContent(operators);
  }

  #show({ shaped }: Line, size: number): string {
    const { fonts } = this.doc.page as unknown as { fonts: Record<string, unknown> };
    let operators = "";
    let current = "";
    let operands = "";
    const flush = () => {
      if (operands) operators += `[${operands}] TJ\n`;
      operands = "";
    };
    for (const { fontId, scale, parts, actualText } of shaped) {
      if (fontId !== current || actualText !== undefined) flush();
      if (fontId !== current) {
        fonts[fontId] ??= this.#fontRef(fontId);
        operators += `/${fontId} ${round(size * scale)} Tf\n`;
        current = fontId;
      }
      if (actualText !== undefined) operators += `/Span <</ActualText <${utf16(actualText)}>>> BDC\n`;
      for (const part of parts) {
        if (part.rise === 0) operands += part.operands;
        else {
          flush();
          operators += `${round((part.rise * size * scale) / 1_000)} Ts [${part.operands}] TJ 0 Ts\n`;
        }
      }
      if (actualText !== undefined) {
        flush();
        operators += "EMC\n";
      }
    }
    flush();
    return operators;
  }
}

/** An element that is attached to its parent, so that pdfkit writes it as soon as it ends. */
export const child = (sheet: Sheet, parent: Tag, type: string, options: object = {}): Tag => {
  const tag = sheet.doc.struct(type, options);
  parent.add(tag);
  return tag;
};

/** Hexadecimal, with a byte order mark. */
const utf16 = (text: string): string => `feff${Buffer.from(text, "utf16le").swap16().toString("hex")}`;
