import bidiFactory from "bidi-js";
import { coversAll, type Face, faceOf, latin, type Weight } from "./fonts.ts";

// Its types describe an ES module, but Node loads its CommonJS build.
const bidi = (bidiFactory as unknown as typeof bidiFactory.default)();
const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

export type Direction = "ltr" | "rtl";

/** Text of one font and direction, in logical order. */
export interface Run {
  readonly text: string;
  readonly face: Face;
  readonly direction: Direction;
}

interface Grapheme {
  readonly text: string;
  readonly face: Face;
  readonly level: number;
}

/** Printed in place of a character that no font has. */
const REPLACEMENT = "\uFFFD";

const RIGHT_TO_LEFT = /[\p{sc=Arabic}\p{sc=Hebrew}\p{sc=Syriac}\p{sc=Thaana}\p{sc=Nko}\p{sc=Adlam}]/u;

/** The direction of a paragraph is that of its first strong character. */
export const directionOf = (text: string): Direction =>
  RIGHT_TO_LEFT.test(text) && ((bidi.getEmbeddingLevels(text).paragraphs[0]?.level ?? 0) & 1) === 1
    ? "rtl"
    : "ltr";

/** The runs of one line from left to right, by the Unicode Bidirectional Algorithm. */
export const visualRuns = (line: string, base: Direction, weight: Weight): Run[] =>
  reorder(graphemesOf(line, base, weight)).reduce<Run[]>(join, []);

const graphemesOf = (line: string, base: Direction, weight: Weight): Grapheme[] => {
  const { levels } = bidi.getEmbeddingLevels(line, base);
  let previous: Face | undefined;
  return Array.from(segmenter.segment(line), ({ segment, index }) => {
    const level = levels[index] ?? 0;
    const face = choose(segment, previous, weight);
    previous = face && !/\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(segment) ? face : undefined;
    if (!face) return { text: REPLACEMENT, face: latin(weight), level };
    return { text: level & 1 ? mirror(segment) : segment, face, level };
  });
};

/** Punctuation and marks stay in the font of the text before. The space is always Latin's, or gaps would vary. */
const choose = (grapheme: string, previous: Face | undefined, weight: Weight): Face | undefined => {
  if (grapheme === " ") return latin(weight);
  const isCommon =
    /^[\p{sc=Common}\p{sc=Inherited}]+$/u.test(grapheme) && !/\p{Emoji_Presentation}|\uFE0F/u.test(grapheme);
  if (isCommon && previous && coversAll(previous, grapheme)) return previous;
  return faceOf(grapheme, weight);
};

const mirror = (grapheme: string): string => bidi.getMirroredCharacter(grapheme) ?? grapheme;

/** Rule L2: from the highest level to the lowest odd one, sequences at that level or above are reversed. */
const reorder = (graphemes: Grapheme[]): Grapheme[] => {
  const ordered = [...graphemes];
  const highest = Math.max(0, ...ordered.map(({ level }) => level));
  for (let level = highest; level >= 1; level--) {
    for (let start = 0; start < ordered.length; start++) {
      let end = start;
      while ((ordered[end]?.level ?? -1) >= level) end++;
      if (end > start) ordered.splice(start, end - start, ...ordered.slice(start, end).reverse());
      start = end;
    }
  }
  return ordered;
};

/** The shaper takes text in logical order, so graphemes of a right-to-left run are put in front. */
const join = (runs: Run[], { text, face, level }: Grapheme): Run[] => {
  const direction = level & 1 ? "rtl" : "ltr";
  const last = runs.at(-1);
  if (last?.face === face && last.direction === direction)
    runs[runs.length - 1] = {
      face,
      direction,
      text: direction === "rtl" ? text + last.text : last.text + text,
    };
  else runs.push({ text, face, direction });
  return runs;
};
