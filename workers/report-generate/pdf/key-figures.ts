import type { Figure, ReportContent } from "../content.ts";
import { beginSection } from "./heading.ts";
import { arrow, roundedRectangle } from "./shapes.ts";
import { child, type Sheet, type Tag } from "./sheet.ts";
import { CONTENT_WIDTH, type Ink, PAGE, SIZE } from "./style.ts";

const GAP = 12;
const WIDTH = (CONTENT_WIDTH - 3 * GAP) / 4;
const HEIGHT = 84;
const INSET = 13;

const numbers = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat("en-GB", {
  style: "percent",
  maximumFractionDigits: 0,
  signDisplay: "always",
});

interface Card {
  readonly title: string;
  readonly figure: Figure;
  readonly words: readonly [up: string, down: string];
  /** What a reader wants. */
  readonly better?: "up" | "down";
  format(value: number): string;
}

interface Delta {
  readonly text: string;
  readonly direction?: "up" | "down";
  readonly ink: Ink;
}

export const drawKeyFigures = (sheet: Sheet, parent: Tag, { figures, period }: ReportContent): void => {
  const remark = period.previousLabel && `Compared with ${period.previousLabel}`;
  const section = beginSection(sheet, parent, "Key figures", remark, HEIGHT);
  const count = (value: number) => numbers.format(value);
  const cards: readonly Card[] = [
    { title: "Done", figure: figures.done, words: ["more", "fewer"], better: "up", format: count },
    { title: "Opened", figure: figures.opened, words: ["more", "fewer"], format: count },
    { title: "Overdue", figure: figures.overdue, words: ["more", "fewer"], better: "down", format: count },
    {
      title: "Median cycle time",
      figure: figures.cycleTime,
      words: ["slower", "faster"],
      better: "down",
      format: duration,
    },
  ];
  cards.forEach((card, index) => drawCard(sheet, section, card, PAGE.left + index * (WIDTH + GAP)));
  sheet.y += HEIGHT;
  section.end();
};

const drawCard = (sheet: Sheet, parent: Tag, card: Card, x: number): void => {
  const { title, figure, format } = card;
  const delta = compare(card);
  const left = x + INSET;
  sheet.artifact(() => {
    sheet.fill("panel");
    sheet.draw(`${roundedRectangle(x, sheet.y, WIDTH, HEIGHT, 6)} f`);
    sheet.stroke(roundedRectangle(x, sheet.y, WIDTH, HEIGHT, 6), "line", 0.7);
    if (!delta.direction) return;
    sheet.fill(delta.ink);
    sheet.draw(`${arrow(left, sheet.y + 55.5, delta.direction)} f`);
  });
  const tag = child(sheet, parent, "P");
  sheet.tagged(tag, "P", () => {
    sheet.text(title, left, sheet.y + 19, { size: SIZE.small, ink: "muted", weight: "bold" });
    const value = figure.now === null ? "–" : format(figure.now);
    sheet.text(value, left, sheet.y + 44, { size: SIZE.large, ink: "ink", weight: "bold" });
    const words = { size: SIZE.small, ink: delta.ink, weight: "bold" } as const;
    const indent = delta.direction ? 10 : 0;
    const [line] = sheet.wrap(delta.text, words, WIDTH - 2 * INSET - indent + 6, 1);
    if (line) sheet.text(line, left + indent, sheet.y + 58.5, words);
    if (figure.before === null) return;
    sheet.text(`${format(figure.before)} before`, left, sheet.y + 71.5, { size: SIZE.small, ink: "muted" });
  });
  tag.end();
};

const compare = ({ figure: { now, before }, words, better, format }: Card): Delta => {
  if (now === null) return { text: "Nothing to measure", ink: "muted" };
  if (before === null) return { text: "No earlier data", ink: "muted" };
  if (format(now) === format(before)) return { text: "No change", ink: "muted" };
  const direction = now > before ? "up" : "down";
  const growth = (now - before) / before;
  const share = growth < 10 ? ` (${percents.format(growth).replace("-", "\u2212")})` : "";
  const text = `${format(Math.abs(now - before))} ${words[direction === "up" ? 0 : 1]}${share}`;
  return { text, direction, ink: better === undefined ? "muted" : better === direction ? "good" : "bad" };
};

/** Up to two days in hours, then in days. */
const duration = (hours: number): string => {
  if (hours < 1) return `${Math.round(hours * 60)} min`;
  if (hours < 48) return `${numbers.format(hours)} h`;
  return `${numbers.format(hours < 2_400 ? hours / 24 : Math.round(hours / 24))} days`;
};
