import { readFileSync } from "node:fs";
import { create, type Font } from "fontkit";

export type Weight = "regular" | "bold";

/** A font file that is open. */
export interface Face {
  /** Unique among all faces. */
  readonly name: string;
  readonly font: Font;
  /** Its size relative to that of the text. */
  readonly scale: number;
  covers(codePoint: number): boolean;
}

interface Family {
  /** Graphemes of these scripts are looked for in this family first. */
  readonly scripts: RegExp;
  readonly package: string;
  readonly files: Readonly<Record<Weight, string>>;
  /** If its letters are smaller than Latin ones of the same size. */
  readonly scale?: number;
}

/** All are under the SIL Open Font License. Latin includes Cyrillic, Greek and Devanagari. */
const FAMILIES = {
  latin: {
    scripts: /[\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{sc=Devanagari}]/u,
    package: "@embedpdf/fonts-latin",
    files: { regular: "../fonts/NotoSans-Regular.ttf", bold: "../fonts/NotoSans-SemiBold.ttf" },
  },
  arabic: {
    scripts: /\p{sc=Arabic}/u,
    package: "@embedpdf/fonts-arabic",
    files: { regular: "../fonts/NotoNaskhArabic-Regular.ttf", bold: "../fonts/NotoNaskhArabic-Bold.ttf" },
    scale: 1.15,
  },
  hebrew: {
    scripts: /\p{sc=Hebrew}/u,
    package: "@embedpdf/fonts-hebrew",
    files: { regular: "../fonts/NotoSansHebrew-Regular.ttf", bold: "../fonts/NotoSansHebrew-Bold.ttf" },
  },
  thai: {
    scripts: /\p{sc=Thai}/u,
    package: "@expo-google-fonts/noto-sans-thai",
    files: {
      regular: "./400Regular/NotoSansThai_400Regular.ttf",
      bold: "./600SemiBold/NotoSansThai_600SemiBold.ttf",
    },
  },
  emoji: {
    scripts: /\p{Emoji_Presentation}|\p{Regional_Indicator}|\uFE0F/u,
    package: "@expo-google-fonts/noto-emoji",
    files: { regular: "./400Regular/NotoEmoji_400Regular.ttf", bold: "./700Bold/NotoEmoji_700Bold.ttf" },
  },
  hangul: {
    scripts: /\p{sc=Hangul}/u,
    package: "@expo-google-fonts/nanum-gothic",
    files: { regular: "./400Regular/NanumGothic_400Regular.ttf", bold: "./700Bold/NanumGothic_700Bold.ttf" },
  },
  han: {
    scripts: /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Bopomofo}\u3000-\u303F\uFF00-\uFFEF]/u,
    package: "@embedpdf/fonts-sc",
    files: { regular: "../fonts/NotoSansHans-Regular.otf", bold: "../fonts/NotoSansHans-Bold.otf" },
  },
} satisfies Record<string, Family>;

type FamilyName = keyof typeof FAMILIES;

const open = new Map<string, Face>();

/** Opens a face on first use, and keeps it: the CJK fonts take about 80 ms. */
const face = (family: FamilyName, weight: Weight): Face => {
  const name = `${family}-${weight}`;
  const known = open.get(name);
  if (known) return known;
  const { package: from, files, scale = 1 }: Family = FAMILIES[family];
  const font = create(readFileSync(new URL(files[weight], import.meta.resolve(from)))) as Font;
  keepLetters(font);
  const opened = { name, font, scale, covers: rememberCoverage(font) };
  open.set(name, opened);
  return opened;
};

export const latin = (weight: Weight): Face => face("latin", weight);

/**
 * fontkit keeps a glyph as it was first read: without letters, if it was read as a part of another glyph. In the next
 * document of the thread, its text could not be extracted.
 */
const keepLetters = (font: Font): void => {
  const getGlyph = font.getGlyph.bind(font);
  font.getGlyph = (id, letters = []) => {
    const glyph = getGlyph(id, letters);
    return glyph?.codePoints.length === 0 ? Object.assign(glyph, { codePoints: letters }) : glyph;
  };
};

/** Some glyphs of NanumGothic cannot be read, which fontkit reports only when it reads them. */
const rememberCoverage = (font: Font): Face["covers"] => {
  const known = new Map<number, boolean>();
  const look = (codePoint: number) => {
    if (!font.hasGlyphForCodePoint(codePoint)) return false;
    try {
      return Number.isFinite(font.glyphForCodePoint(codePoint).advanceWidth);
    } catch {
      return false;
    }
  };
  return (codePoint) => {
    let covered = known.get(codePoint);
    if (covered === undefined) known.set(codePoint, (covered = look(codePoint)));
    return covered;
  };
};

/** Part of a sequence for emoji. Fonts need no glyph of their own for them. */
const JOINERS = new Set([0x200d, 0xfe0e, 0xfe0f]);

export const coversAll = ({ covers }: Face, grapheme: string): boolean => {
  for (const character of grapheme) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (!JOINERS.has(codePoint) && !covers(codePoint)) return false;
  }
  return true;
};

/** The families with that script first, then those with many signs of any kind. The last open a font only if needed. */
export const faceOf = (grapheme: string, weight: Weight): Face | undefined => {
  const names = Object.keys(FAMILIES) as FamilyName[];
  const preferred = names.filter((name) => FAMILIES[name].scripts.test(grapheme)).toReversed();
  for (const family of [...preferred, "latin", "han", "emoji", "arabic", "hebrew"] as FamilyName[]) {
    const candidate = face(family, weight);
    if (coversAll(candidate, grapheme)) return candidate;
  }
  return undefined;
};
