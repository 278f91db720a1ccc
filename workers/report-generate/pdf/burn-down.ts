import { scaleLinear } from "d3-scale";
import { area, curveStepAfter, line } from "d3-shape";
import type { BurnDown } from "../content.ts";
import { drawCounts, drawFigure, drawLabels, drawLegend, PLOT, type Series } from "./chart.ts";
import { dayLabel } from "./dates.ts";
import type { Sheet, Tag } from "./sheet.ts";
import { SIZE } from "./style.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Remaining work at the end of each day, next to a steady pace to zero. */
export const drawBurnDown = (sheet: Sheet, parent: Tag, chart: BurnDown, today: string): void => {
  drawFigure(sheet, parent, describe(chart, today), (top) => draw(sheet, chart, top, today));
};

const draw = (sheet: Sheet, { days, unit }: BurnDown, top: number, today: string): void => {
  const most = Math.max(...days.flatMap(({ remaining, ideal }) => [remaining ?? 0, ideal]));
  const y = drawCounts(sheet, top, most);
  const x = scaleLinear([0, Math.max(1, days.length - 1)], [PLOT.left + 6, PLOT.right - 6]);
  const zero = top + PLOT.height;
  const actual = days.flatMap(({ remaining }, index) =>
    remaining === null ? [] : [{ x: x(index), y: y(remaining) }],
  );
  const ideal = days.map((day, index) => ({ x: x(index), y: y(day.ideal) }));
  drawActual(sheet, actual, zero);
  sheet.strokePath(linePath(ideal), "series", 1.3, [4, 3]);
  drawToday(sheet, days, actual, top, today);
  drawLabels(
    sheet,
    top,
    days.map(({ day }) => dayLabel(day, today)),
    x,
  );
  drawLegend(sheet, top, series(unit));
};

const series = (unit: BurnDown["unit"]): Series[] => [
  { name: unit === "points" ? "Points remaining" : "Tasks remaining", ink: "accent", kind: "line" },
  { name: "Ideal", ink: "series", kind: "dashes" },
];

const linePath = (points: readonly Point[]): string =>
  line<Point>(
    ({ x }) => x,
    ({ y }) => y,
  )([...points]) ?? "";

const drawActual = (sheet: Sheet, points: readonly Point[], zero: number): void => {
  const last = points.at(-1);
  if (!last) return;
  const shape = area<Point>(
    ({ x }) => x,
    zero,
    ({ y }) => y,
  ).curve(curveStepAfter);
  const edge = line<Point>(
    ({ x }) => x,
    ({ y }) => y,
  ).curve(curveStepAfter);
  sheet.fillPath(shape([...points]) ?? "", "tint");
  sheet.strokePath(edge([...points]) ?? "", "accent", 1.8);
  sheet.dot(last.x, last.y, 3, "accent");
};

/** Only in a period that is not over. */
const drawToday = (
  sheet: Sheet,
  days: BurnDown["days"],
  actual: readonly Point[],
  top: number,
  today: string,
): void => {
  const now = actual[days.findIndex(({ day }) => day === today)];
  if (!now || actual.length === days.length) return;
  sheet.stroke(`${now.x} ${top} m ${now.x} ${top + PLOT.height} l`, "muted", 0.8, [1.5, 2]);
  const isAtEdge = now.x > PLOT.right - 40;
  const style = { size: SIZE.small, ink: "muted", weight: "bold" } as const;
  sheet.text("Today", now.x + (isAtEdge ? -4 : 4), top + 6, style, isAtEdge ? "right" : "left");
};

const describe = ({ days, unit }: BurnDown, today: string): string => {
  const known = days.filter(({ remaining }) => remaining !== null);
  const [first, last] = [known[0], known.at(-1)];
  const [start, end] = [days[0], days.at(-1)];
  if (!start || !end) return "Burn-down without days.";
  const span = `Burn-down from ${dayLabel(start.day, today)} to ${dayLabel(end.day, today)}.`;
  if (!first || !last) return `${span} It has not begun.`;
  const ideal = Math.round(last.ideal * 10) / 10;
  return [
    span,
    `${first.remaining} ${unit} remained on ${dayLabel(first.day, today)},`,
    `${last.remaining} on ${dayLabel(last.day, today)}, where the ideal line is at ${ideal}.`,
    known.length <= 62 ? `Day by day: ${known.map(({ remaining }) => remaining).join(", ")}.` : "",
  ]
    .join(" ")
    .trim();
};
