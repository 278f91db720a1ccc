import type { TaskRow } from "../content.ts";
import type { Sheet } from "./sheet.ts";
import { round } from "./style.ts";

/** Control points at this distance make a circle of Bézier curves. */
const KAPPA = 0.5523;

const point = (x: number, y: number) => `${round(x)} ${round(y)}`;

const circle = (x: number, y: number, r: number): string => {
  const k = r * KAPPA;
  return [
    `${point(x + r, y)} m`,
    `${point(x + r, y + k)} ${point(x + k, y + r)} ${point(x, y + r)} c`,
    `${point(x - k, y + r)} ${point(x - r, y + k)} ${point(x - r, y)} c`,
    `${point(x - r, y - k)} ${point(x - k, y - r)} ${point(x, y - r)} c`,
    `${point(x + k, y - r)} ${point(x + r, y - k)} ${point(x + r, y)} c h`,
  ].join(" ");
};

const rightHalf = (x: number, y: number, r: number): string => {
  const k = r * KAPPA;
  return [
    `${point(x, y - r)} m`,
    `${point(x + k, y - r)} ${point(x + r, y - k)} ${point(x + r, y)} c`,
    `${point(x + r, y + k)} ${point(x + k, y + r)} ${point(x, y + r)} c h`,
  ].join(" ");
};

/** A ring for to do, half full for in progress, full with a check mark for done. */
export const drawState = (sheet: Sheet, state: TaskRow["state"], x: number, y: number): void => {
  if (state === "DONE") {
    sheet.fill("accent");
    sheet.draw(`${circle(x, y, 3.9)} f`);
    sheet.stroke(
      `${point(x - 1.8, y + 0.1)} m ${point(x - 0.5, y + 1.4)} l ${point(x + 1.9, y - 1.3)} l`,
      "white",
      0.9,
    );
    return;
  }
  sheet.stroke(circle(x, y, 3.4), state === "DOING" ? "accent" : "series", 1);
  if (state === "TODO") return;
  sheet.fill("accent");
  sheet.draw(`${rightHalf(x, y, 2)} f`);
};

/** A triangle, 6 points wide. */
export const arrow = (x: number, y: number, direction: "up" | "down"): string => {
  const [tip, base] = direction === "up" ? [y - 2.6, y + 2.4] : [y + 2.6, y - 2.4];
  return `${point(x, base)} m ${point(x + 6, base)} l ${point(x + 3, tip)} l h`;
};

export const roundedRectangle = (x: number, y: number, width: number, height: number, r: number): string => {
  const k = r * (1 - KAPPA);
  const [right, bottom] = [x + width, y + height];
  return [
    `${point(x + r, y)} m ${point(right - r, y)} l`,
    `${point(right - k, y)} ${point(right, y + k)} ${point(right, y + r)} c ${point(right, bottom - r)} l`,
    `${point(right, bottom - k)} ${point(right - k, bottom)} ${point(right - r, bottom)} c ${point(x + r, bottom)} l`,
    `${point(x + k, bottom)} ${point(x, bottom - k)} ${point(x, bottom - r)} c ${point(x, y + r)} l`,
    `${point(x, y + k)} ${point(x + k, y)} ${point(x + r, y)} c h`,
  ].join(" ");
};
