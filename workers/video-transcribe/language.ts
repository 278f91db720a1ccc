const names = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
const codes = letters.flatMap((first) => letters.map((second) => first + second));

/** The BCP 47 tag of a language that a provider calls "english" or "en"; "und" when it is unknown. */
export const languageTag = (language: string): string => {
  const wanted = language.trim().toLowerCase();
  if (codes.includes(wanted) && names.of(wanted)) return wanted;
  return codes.find((code) => names.of(code)?.toLowerCase() === wanted) ?? "und";
};
