import { scaleLinear } from "d3-scale";
import { child, type Sheet, type Tag } from "./sheet.ts";
import { type Ink, PAGE, SIZE } from "./style.ts";

export const CHART_HEIGHT = 190;

/** Where a chart's data is drawn: the labels are at the left and below. */
export const PLOT = { left: PAGE.left + 26, right: PAGE.right - 4, height: 140 };

/** At most this many labels fit under the axis. */
const MAX_LABELS = 9;

export interface Series {
  readonly name: string;
  readonly ink: Ink;
  readonly kind: "line" | "dashes" | "bar";
}

const LABEL = { size: SIZE.small, ink: "muted" } as const;

/** Draws all of a chart as one figure, whose alternative text says what is in it. */
export const drawFigure = (sheet: Sheet, parent: Tag, alt: string, draw: (top: number) => void): void => {
  const top = sheet.y + 6;
  const bbox = [PAGE.left, sheet.y, PAGE.right, sheet.y + CHART_HEIGHT];
  const figure = child(sheet, parent, "Figure", { alt, bbox, placement: "Block" });
  sheet.doc.save();
  sheet.tagged(figure, "Figure", () => draw(top));
  sheet.restore();
  figure.end();
  sheet.y += CHART_HEIGHT;
};

/** The scale of counts from zero, with at least one step, and its lines and labels. */
export const drawCounts = (sheet: Sheet, top: number, most: number) => {
  const scale = scaleLinear([0, Math.max(4, most)], [top + PLOT.height, top]).nice(4);
  for (const tick of scale.ticks(4).filter(Number.isInteger)) {
    const y = scale(tick);
    if (tick === 0) sheet.stroke(`${PLOT.left} ${y} m ${PLOT.right} ${y} l`, "series", 0.8);
    else sheet.hairline(y, PLOT.left, PLOT.right);
    sheet.text(tick.toLocaleString("en-GB"), PLOT.left - 8, y + 2.8, LABEL, "right");
  }
  return scale;
};

/** Labels of as many positions as fit. */
export const drawLabels = (
  sheet: Sheet,
  top: number,
  labels: readonly string[],
  x: (index: number) => number,
): void => {
  const longest = Math.max(...labels.map((label) => sheet.line(label, LABEL).width)) * (LABEL.size / 1_000);
  const fitting = Math.max(1, Math.min(MAX_LABELS, Math.floor((PLOT.right - PLOT.left) / (longest + 12))));
  const step = Math.ceil(labels.length / fitting);
  labels.forEach((label, index) => {
    if (index % step !== 0) return;
    sheet.text(label, keepInside(x(index), longest / 2), top + PLOT.height + 15, LABEL, "center");
  });
};

const keepInside = (x: number, half: number): number =>
  Math.min(Math.max(x, PAGE.left + half), PAGE.right - half);

export const drawLegend = (sheet: Sheet, top: number, series: readonly Series[]): void => {
  let x = PLOT.left;
  const y = top + PLOT.height + 32;
  for (const { name, ink, kind } of series) {
    if (kind === "bar") sheet.rectangle(x, y - 6, 12, 6, ink);
    else sheet.stroke(`${x} ${y - 3} m ${x + 14} ${y - 3} l`, ink, 1.4, kind === "dashes" ? [3, 2] : []);
    x += 19;
    x += sheet.text(name, x, y, LABEL) + 18;
  }
};
