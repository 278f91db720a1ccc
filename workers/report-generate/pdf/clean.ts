/** Text longer than this is cut before it is laid out. */
const MAX_LENGTH = 5_000;

const LINE_ENDS = /[\t-\r\u0085\u2028\u2029]+/g;

/**
 * Control and format characters have no glyph, and those that change the direction could make the rest of a page look
 * different. The two joiners are kept, because Devanagari, Arabic and emoji need them.
 */
const CONTROLS = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u{E0100}-\u{E01EF}]/gu;

/** Marks are stacked on a letter. More than a language needs would cover the lines above. */
const STACKED_MARKS = /((?:(?!\uFE0F)\p{M}){4})(?:(?!\uFE0F)\p{M})+/gu;

/** Makes one paragraph of text that can be laid out, whatever the string contains. */
export const clean = (text: string, maxLength = MAX_LENGTH): string =>
  text
    .slice(0, maxLength)
    .toWellFormed()
    .replace(LINE_ENDS, " ")
    .replace(CONTROLS, "")
    .normalize("NFC")
    .replace(STACKED_MARKS, "$1")
    .trim();
