import PDFDocument from "pdfkit";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { faceOf } from "./fonts.ts";
import { createShaper } from "./shaping.ts";

const lettersOf = async (text: string): Promise<string> => {
  const doc = new PDFDocument({ font: null as unknown as string });
  const { shape, fonts } = createShaper(doc);
  const face = faceOf(text[0]!, "bold")!;
  const { fontId } = shape(text, face, "rtl");
  const font = fonts.get(fontId)!;
  // Embeds the font when the document ends.
  font.ref();
  doc.end();
  await buffer(doc);
  // The first is that of the glyph for missing ones.
  return String.fromCodePoint(...font.unicode.slice(1).flat());
};

test("a ligature is one code for each letter", async () => {
  expect(await lettersOf("لأ")).toBe("لأ");
});

test("a glyph that was part of another in an earlier document stands for its letters", async () => {
  await lettersOf("لأ");
  expect(await lettersOf("لا")).toBe("لا");
});
