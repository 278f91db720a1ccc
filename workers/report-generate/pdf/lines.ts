import LineBreaker from "linebreak";
import { clean } from "./clean.ts";
import { latin, type Weight } from "./fonts.ts";
import { directionOf, type Direction, visualRuns } from "./runs.ts";
import type { Shaped, Shaper } from "./shaping.ts";

/** A line of text, from left to right. */
export interface Line {
  readonly shaped: readonly Shaped[];
  /** That of its paragraph. */
  readonly direction: Direction;
  /** In thousandths of the size. */
  readonly width: number;
}

export interface Typesetter {
  line(text: string, weight: Weight): Line;
  /** Breaks text into lines of `width` points at most. What does not fit into `maxLines` becomes an ellipsis. */
  wrap(text: string, style: { weight: Weight; size: number }, width: number, maxLines: number): Line[];
}

/** Characters of a line that are looked at. The rest of a very long text is not laid out. */
const MAX_PER_LINE = 400;

const ELLIPSIS = "…";
const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });
const words = new Intl.Segmenter("th", { granularity: "word" });

/** Scripts without spaces between words, which the line breaker leaves whole. */
const WITHOUT_SPACES = /[\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** Letters, digits and punctuation of scripts that need no shaping, no other font and no reordering. */
const isPlain = (text: string, weight: Weight): boolean => {
  const { covers } = latin(weight);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x20 && code < 0x7f) continue;
    if (code < 0xa0 || (code > 0x52f && code < 0x1e00) || code > 0x2027 || !covers(code)) return false;
  }
  return true;
};

export const createTypesetter = ({ shape }: Pick<Shaper, "shape">): Typesetter => {
  /** Each word with the space after it, so that the shaper's cache is hit. */
  const plainLine = (text: string, weight: Weight): Line => {
    const face = latin(weight);
    const shaped: Shaped[] = [];
    let width = 0;
    for (let start = 0; start < text.length;) {
      const space = text.indexOf(" ", start);
      const end = space < 0 ? text.length : space + 1;
      const word = shape(text.slice(start, end), face, "ltr");
      shaped.push(word);
      width += word.width;
      start = end;
    }
    return { shaped, direction: "ltr", width };
  };

  const lineOf = (text: string, base: Direction, weight: Weight): Line => {
    if (isPlain(text, weight)) return plainLine(text, weight);
    const shaped = visualRuns(text, base, weight).map(({ text: run, face, direction }) =>
      shape(run, face, direction),
    );
    return { shaped, direction: base, width: shaped.reduce((sum, { width }) => sum + width, 0) };
  };

  const wrap: Typesetter["wrap"] = (text, { weight, size }, width, maxLines) => {
    const limit = (width * 1_000) / size;
    const isCut = text.length > maxLines * MAX_PER_LINE;
    const paragraph = clean(text, maxLines * MAX_PER_LINE);
    const base = directionOf(paragraph);
    const measure = (part: string) => lineOf(part, base, weight).width;
    const whole = lineOf(paragraph, base, weight);
    if (whole.width <= limit && !isCut) return [whole];
    const lines = breakLines(paragraph, limit, measure, maxLines);
    const isClipped = lines.length > maxLines || isCut;
    return lines
      .slice(0, maxLines)
      .map((line, index, { length }) =>
        lineOf(isClipped && index === length - 1 ? ellipsize(line, limit, measure) : line, base, weight),
      );
  };

  return {
    wrap,
    line: (text, weight) => {
      const cleaned = clean(text);
      return lineOf(cleaned, directionOf(cleaned), weight);
    },
  };
};

/** Greedy, and stops one line after `maxLines`. */
const breakLines = (
  text: string,
  limit: number,
  measure: (part: string) => number,
  maxLines: number,
): string[] => {
  const lines: string[] = [];
  let line = "";
  for (const unit of unbreakable(text)) {
    if (measure((line + unit).trimEnd()) <= limit) {
      line += unit;
      continue;
    }
    if (line) lines.push(line.trimEnd());
    const pieces = split(unit, limit, measure);
    line = pieces.pop() ?? "";
    lines.push(...pieces);
    if (lines.length > maxLines) return lines;
  }
  return line.trim() ? [...lines, line.trimEnd()] : lines;
};

/** The text between opportunities to break a line (UAX 14). */
function* unbreakable(text: string): Generator<string> {
  const breaker = new LineBreaker(text);
  let start = 0;
  for (let next = breaker.nextBreak(); next; next = breaker.nextBreak()) {
    const unit = text.slice(start, next.position);
    if (WITHOUT_SPACES.test(unit)) for (const { segment } of words.segment(unit)) yield segment;
    else yield unit;
    start = next.position;
  }
}

/** Splits a word that is longer than a line between graphemes. */
const split = (unit: string, limit: number, measure: (part: string) => number): string[] => {
  if (measure(unit.trimEnd()) <= limit) return [unit];
  const pieces: string[] = [];
  let piece = "";
  for (const { segment } of graphemes.segment(unit)) {
    if (piece && measure(piece + segment) > limit) {
      pieces.push(piece);
      piece = "";
    }
    piece += segment;
  }
  return [...pieces, piece];
};

const ellipsize = (line: string, limit: number, measure: (part: string) => number): string => {
  const parts = Array.from(graphemes.segment(line), ({ segment }) => segment);
  while (parts.length > 0 && measure(parts.join("").trimEnd() + ELLIPSIS) > limit) parts.pop();
  return parts.join("").trimEnd() + ELLIPSIS;
};
