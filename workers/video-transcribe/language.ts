const names = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
const codes = letters.flatMap((first) => letters.map((second) => first + second));

/** Providers say "english", or "en". A player needs the tag of BCP 47: "und" where we do not know it. */
export const languageTag = (language: string): string => {
  const wanted = language.trim().toLowerCase();
  if (codes.includes(wanted) && names.of(wanted)) return wanted;
  return codes.find((code) => names.of(code)?.toLowerCase() === wanted) ?? "und";
};
