const NOT_PLAIN = /[^\x20-\x7e]|["\\%]/g;

/**
 * The Content-Disposition header (RFC 6266), with the extended notation of RFC 8187 for names that are not ASCII.
 */
export const contentDisposition = (type: "inline" | "attachment", filename: string): string => {
  const name = filename.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}/\\]/gu, "_");
  const plain = name.replaceAll(NOT_PLAIN, "_");
  const extended = plain === name ? "" : `; filename*=UTF-8''${encodeExtended(name)}`;
  return `${type}; filename="${plain}"${extended}`;
};

/** RFC 8187 allows fewer unencoded characters than encodeURIComponent does. */
const encodeExtended = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /['()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
