/** Characters of a name, at most: Windows limits a whole path to 260. */
const LONGEST = 80;

/**
 * One part of a path in the ZIP, for a name that people chose: any language, but nothing that leads out of the folder,
 * that Windows refuses, or that shows another ending than it has.
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
export const safeName = (name: string): string => {
  const clean = name
    .normalize()
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"/\\|?*]/gu, "_");
  const { stem, ending } = splitEnding(clean);
  const short = Array.from(stem)
    .slice(0, LONGEST - ending.length)
    .join("");
  const trimmed = (short + ending).replaceAll(/^[. ]+|[. ]+$/g, "");
  if (trimmed === "") return "_";
  return RESERVED.test(trimmed) ? `_${trimmed}` : trimmed;
};

/** A name without its ending, safe as part of a path. */
export const safeStem = (name: string): string => safeName(splitEnding(name).stem);

const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

const splitEnding = (name: string) => {
  const ending = /.(\.[A-Za-z0-9]{1,10})$/.exec(name)?.[1] ?? "";
  return { stem: name.slice(0, name.length - ending.length), ending };
};
