import { link } from "./link.ts";
import type { Line } from "./lines.ts";
import { type Align, child, type Sheet, type Tag, type TextStyle } from "./sheet.ts";
import { type Ink, PAGE, SIZE } from "./style.ts";

export interface Cell {
  readonly text: string;
  readonly ink?: Ink;
  readonly url?: string | undefined;
  /** Drawn before the text, which begins `indent` points later. */
  readonly mark?: { readonly indent: number; draw(x: number, middle: number): void };
}

export interface Column<Row> {
  readonly title: string;
  readonly width: number;
  readonly align: Extract<Align, "left" | "right">;
  readonly isRowHeader?: true;
  cell(row: Row): Cell;
}

export interface Table<Row> {
  row(row: Row): void;
  end(): void;
}

const LINE_HEIGHT = 12.5;
const PADDING = 5.5;
const GAP = 12;
const HEADER_HEIGHT = 22;
const MAX_LINES = 3;

/** The space that a table's heading needs, so that it is not alone at the end of a page. */
export const TABLE_START = HEADER_HEIGHT + 2 * (LINE_HEIGHT + 2 * PADDING);

const HEADER: TextStyle = { size: SIZE.small, ink: "muted", weight: "bold" };

/** Begins a table. Its header is repeated on every page, but only the first is content. */
export const beginTable = <Row>(
  sheet: Sheet,
  parent: Tag,
  title: string,
  columns: readonly Column<Row>[],
): Table<Row> => {
  const tag = child(sheet, parent, "Table");
  const placed = place(columns);
  const begin = () => {
    const row = child(sheet, tag, "TR");
    for (const column of placed) {
      const cell = child(sheet, row, "TH", { scope: "Column" });
      sheet.tagged(cell, "TH", () => drawHeader(sheet, column));
      cell.end();
    }
    row.end();
    underline(sheet);
  };
  const continueOnNextPage = () => {
    sheet.nextPage();
    sheet.artifact(() => {
      sheet.text(`${title}, continued`, PAGE.left, sheet.y + 4, {
        size: SIZE.body,
        ink: "ink",
        weight: "bold",
      });
      sheet.y += 16;
      for (const column of placed) drawHeader(sheet, column);
    });
    underline(sheet);
  };
  begin();
  return {
    row: (row) => {
      const cells = placed.map((column) => prepare(sheet, column, row));
      const height = Math.max(...cells.map(({ lines }) => lines.length)) * LINE_HEIGHT + 2 * PADDING;
      if (!sheet.fits(height)) continueOnNextPage();
      drawRow(sheet, tag, cells);
      sheet.y += height;
      sheet.artifact(() => sheet.hairline(sheet.y));
    },
    end: () => tag.end(),
  };
};

type Placed<Row> = Column<Row> & { readonly x: number };

/** A column of width 0 takes the rest. */
const place = <Row>(columns: readonly Column<Row>[]): Placed<Row>[] => {
  const gaps = GAP * (columns.length - 1);
  const rest = PAGE.right - PAGE.left - gaps - columns.reduce((sum, { width }) => sum + width, 0);
  let x = PAGE.left;
  return columns.map((column) => {
    const placed = { ...column, x, width: column.width || rest };
    x += placed.width + GAP;
    return placed;
  });
};

const drawHeader = <Row>(sheet: Sheet, { title, x, width, align }: Placed<Row>): void => {
  sheet.text(title, align === "left" ? x : x + width, sheet.y + 14, HEADER, align);
};

const underline = (sheet: Sheet): void => {
  sheet.y += HEADER_HEIGHT;
  sheet.artifact(() => sheet.hairline(sheet.y));
};

interface Prepared extends Cell {
  readonly x: number;
  readonly width: number;
  readonly align: Align;
  readonly type: "TD" | "TH";
  readonly lines: readonly Line[];
  readonly style: TextStyle;
}

/** A text that prints nothing, such as one of control characters, becomes a dash: a link must be visible. */
const prepare = <Row>(sheet: Sheet, column: Placed<Row>, row: Row): Prepared => {
  const cell = column.cell(row);
  const indent = cell.mark?.indent ?? 0;
  const style: TextStyle = { size: SIZE.body, ink: cell.ink ?? "ink" };
  const wrapped = sheet.wrap(cell.text, style, column.width - indent, MAX_LINES);
  const lines = wrapped.some((line) => line.width > 0) ? wrapped : [sheet.line("–", style)];
  const { x, width, align } = column;
  return { ...cell, x, width, align, style, lines, type: column.isRowHeader ? "TH" : "TD" };
};

const drawRow = (sheet: Sheet, table: Tag, cells: readonly Prepared[]): void => {
  const row = child(sheet, table, "TR");
  for (const cell of cells) {
    const tag = child(sheet, row, cell.type, cell.type === "TH" ? { scope: "Row" } : {});
    if (cell.url === undefined) sheet.tagged(tag, cell.type, () => drawCell(sheet, cell));
    else {
      const height = cell.lines.length * LINE_HEIGHT;
      const box = { x: cell.x, y: sheet.y + PADDING, width: cell.width, height };
      link(sheet, tag, { url: cell.url, text: cell.text, box }, () => drawCell(sheet, cell));
    }
    tag.end();
  }
  row.end();
};

const drawCell = (sheet: Sheet, { x, width, align, lines, mark, style }: Prepared): void => {
  const top = sheet.y + PADDING;
  mark?.draw(x, top + LINE_HEIGHT / 2);
  const start = align === "left" ? x + (mark?.indent ?? 0) : x + width;
  sheet.paragraph(lines, { x: start, baseline: top + 9.4, lineHeight: LINE_HEIGHT }, style, align);
};
