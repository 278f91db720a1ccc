import type { Font } from "fontkit";
import type { Face } from "./fonts.ts";
import type { Direction } from "./runs.ts";

/** Glyphs that are ready to be drawn in any size. */
export interface Shaped {
  /** The font's key in a page's resources. */
  readonly fontId: string;
  /** The size of the font relative to that of the text. */
  readonly scale: number;
  /** Operands of TJ operators. `rise` is for marks above and below, in thousandths of the font's size. */
  readonly parts: readonly { readonly operands: string; readonly rise: number }[];
  /** In thousandths of the text's size. */
  readonly width: number;
  /** Set if a reader cannot get the text from the glyphs, because their order is another. */
  readonly actualText: string | undefined;
}

/** The part of pdfkit's embedded fonts that is used. Its types do not have them. */
export interface Embedded {
  readonly id: string;
  readonly font: Font;
  readonly scale: number;
  readonly subset: { includeGlyph(glyph: number): number; readonly glyphs: number[] };
  readonly widths: number[];
  readonly unicode: number[][];
  ref(): unknown;
}

export interface Shaper {
  shape(text: string, face: Face, direction: Direction): Shaped;
  fonts: ReadonlyMap<string, Embedded>;
}

/** Titles repeat words, so shaped text is kept. It is forgotten beyond this number, to bound the memory. */
const MAX_CACHED = 5_000;

/**
 * Shapes text with the fonts of one document. pdfkit's own text() lays out every word from left to right, and keeps
 * all words of a document.
 */
export const createShaper = (doc: PDFKit.PDFDocument): Shaper => {
  const fonts = new Map<string, Embedded>();
  const byFace = new Map<Face, { embedded: Embedded; ltr: Map<string, Shaped>; rtl: Map<string, Shaped> }>();
  let cached = 0;

  const use = (face: Face) => {
    const embedded = embed(doc, face);
    const used = { embedded, ltr: new Map<string, Shaped>(), rtl: new Map<string, Shaped>() };
    fonts.set(embedded.id, embedded);
    byFace.set(face, used);
    return used;
  };

  const forget = () => {
    for (const { ltr, rtl } of byFace.values()) for (const cache of [ltr, rtl]) cache.clear();
    cached = 0;
  };

  const shape: Shaper["shape"] = (text, face, direction) => {
    const { embedded, [direction]: cache } = byFace.get(face) ?? use(face);
    const known = cache.get(text);
    if (known) return known;
    if (++cached > MAX_CACHED) forget();
    const shaped = layOut(text, embedded, direction, face.scale);
    cache.set(text, shaped);
    return shaped;
  };
  return { shape, fonts };
};

const embed = (doc: PDFKit.PDFDocument, { name, font }: Face): Embedded => {
  doc.font(font as unknown as string, name);
  return (doc as unknown as { _font: Embedded })._font;
};

/** Their glyphs are in another order than their letters. */
const REORDERED = /\p{sc=Devanagari}/u;

/** Other letters are taken apart, as in Vietnamese and Thai. Poppler reverses the actual text of right-to-left text. */
const isUnreadable = (text: string, glyphs: number, direction: Direction): boolean =>
  direction === "ltr" && (REORDERED.test(text) || glyphs > Array.from(text).length);

const layOut = (text: string, embedded: Embedded, direction: Direction, faceScale: number): Shaped => {
  const { font, scale, id: fontId } = embedded;
  const { glyphs, positions } = font.layout(
    text.replace(/[\uFE0E\uFE0F]/g, ""),
    [],
    undefined,
    undefined,
    direction,
  );
  const parts: { operands: string; rise: number }[] = [];
  let operands = "";
  let width = 0;
  let rise = 0;
  const flush = () => {
    if (operands) parts.push({ operands, rise });
    operands = "";
  };
  glyphs.forEach((glyph, index) => {
    const position = positions[index];
    if (!position) return;
    if (position.yOffset * scale !== rise) {
      flush();
      rise = position.yOffset * scale;
    }
    const code = direction === "rtl" ? encodeFromRight(embedded, glyph) : encode(embedded, glyph);
    const before = position.xOffset * scale;
    const after = (position.xAdvance - glyph.advanceWidth - position.xOffset) * scale;
    operands += `${adjust(before)}<${code}>${adjust(after)}`;
    width += position.xAdvance * scale;
  });
  flush();
  const actualText = isUnreadable(text, glyphs.length, direction) ? text : undefined;
  return {
    fontId,
    scale: faceScale,
    parts: parts.map((part) => ({ ...part, operands: part.operands.replaceAll("><", "") })),
    width: width * faceScale,
    actualText,
  };
};

const adjust = (move: number): string => (Math.abs(move) < 0.01 ? "" : ` ${Math.round(-move * 100) / 100} `);

interface Glyph {
  readonly id: number;
  readonly advanceWidth: number;
  readonly codePoints: number[];
}

const encode = (
  { subset, widths, unicode, scale }: Embedded,
  glyph: Glyph,
  letters: number[] = glyph.codePoints,
): string => {
  const code = subset.includeGlyph(glyph.id);
  widths[code] ??= glyph.advanceWidth * scale;
  unicode[code] ??= letters;
  return hexadecimal(code);
};

/**
 * Programs that extract text reverse right-to-left lines glyph by glyph. Poppler reverses the letters of a ligature
 * too, other programs do not. So the ligature stands for its last letter only, and an invisible glyph at its right
 * for each other letter.
 */
const encodeFromRight = (embedded: Embedded, glyph: Glyph): string => {
  const [last, ...others] = glyph.codePoints.toReversed();
  if (last === undefined || others.length === 0) return encode(embedded, glyph);
  const invisible = embedded.font.glyphForCodePoint(ZERO_WIDTH_SPACE);
  if (invisible.advanceWidth !== 0) return encode(embedded, glyph);
  const letters = others.map((letter) => encodeInvisible(embedded, invisible.id, letter));
  return encode(embedded, glyph, [last]) + letters.join("");
};

const ZERO_WIDTH_SPACE = 0x200b;

/** The codes of invisible glyphs in the fonts of each document, by the letter that they stand for. */
const invisibles = new WeakMap<Embedded, Map<number, string>>();

/** includeGlyph() gives one code to a glyph. Here, the same glyph has a code for each letter. */
const encodeInvisible = (embedded: Embedded, glyph: number, letter: number): string => {
  const { subset, widths, unicode } = embedded;
  const codes = invisibles.get(embedded) ?? new Map<number, string>();
  invisibles.set(embedded, codes);
  const known = codes.get(letter);
  if (known !== undefined) return known;
  const code = subset.glyphs.push(glyph) - 1;
  widths[code] = 0;
  unicode[code] = [letter];
  codes.set(letter, hexadecimal(code));
  return hexadecimal(code);
};

const hexadecimal = (code: number): string => code.toString(16).padStart(4, "0");
