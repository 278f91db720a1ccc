/** Points. The page is A4. */
export const PAGE = { width: 595.28, height: 841.89, left: 48, right: 547.28, top: 64, bottom: 772 };

export const CONTENT_WIDTH = PAGE.right - PAGE.left;

/** RGB. Contrast with white: ink 17.7, muted 7.7, accent 6.3, good 5.0, bad 6.5, and series 3.5 (no text). */
export const INK = {
  ink: "#18181b",
  muted: "#52525b",
  accent: "#4f46e5",
  good: "#15803d",
  bad: "#b91c1c",
  series: "#8b8b96",
  line: "#e4e4e7",
  tint: "#eef2ff",
  panel: "#fafafa",
  white: "#ffffff",
} as const;

export type Ink = keyof typeof INK;

/** Sizes of text. */
export const SIZE = { title: 25, heading: 13, large: 21, body: 9, small: 8 };

/** The operand of the operators rg and RG. */
export const rgb = (ink: Ink): string =>
  [1, 3, 5].map((start) => round(Number.parseInt(INK[ink].slice(start, start + 2), 16) / 255)).join(" ");

export const round = (value: number): number => Math.round(value * 1_000) / 1_000;
