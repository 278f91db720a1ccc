import fc from "fast-check";
import PDFDocument from "pdfkit";
import { expect, test } from "vitest";
import { createTypesetter } from "./lines.ts";
import { visualRuns } from "./runs.ts";
import { createShaper } from "./shaping.ts";

const { wrap } = createTypesetter(
  createShaper(new PDFDocument({ autoFirstPage: false, font: null as unknown as string })),
);
const style = { weight: "regular", size: 9 } as const;
const wrapped = (text: string) => wrap(text, style, 200, 3);

test("any string becomes at most the given lines, none wider than the column", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 120 }), (text) => {
      const lines = wrapped(text);
      expect(lines.length).toBeLessThanOrEqual(3);
      for (const { width } of lines) expect((width * 9) / 1_000).toBeLessThanOrEqual(200.01);
    }),
    { numRuns: 150 },
  );
});

test("a word without spaces is broken, and the rest becomes an ellipsis", () => {
  expect(wrapped("x".repeat(5_000))).toHaveLength(3);
  expect(wrapped("x".repeat(60))).toHaveLength(2);
});

test("right-to-left runs are ordered from the right, and numbers in them from the left", () => {
  const runs = visualRuns("שלום 123 עולם", "rtl", "regular").map(({ text }) => text.trim());
  expect(runs.filter(Boolean)).toEqual(["עולם", "123", "שלום"]);
});

test("a character that no font has is replaced", () => {
  expect(visualRuns("a\u{1F1E6}", "ltr", "regular")).not.toHaveLength(0);
  expect(visualRuns("\u0995", "ltr", "regular")[0]?.text).toBe("\uFFFD");
});
