/** Values that payloads have: ids, numbers, names of templates and sizes, times, paths of stored objects. */
const PLAIN = /^[\w.:/+-]{0,200}$/;
const ADDRESS = /[^\s"'<>(),;:]+@[^\s"'<>(),;:]+/g;
const REDACTED = "[redacted]";

/** A payload as it is shown: text that is not an id or a plain word is left out, because it should not be there. */
export const redactPayload = (payload: unknown): unknown =>
  mapTexts(payload, (text) => (PLAIN.test(text) ? text : REDACTED));

/** A result, a progress or an error as it is shown, without email addresses. */
export const redactText = (value: unknown): unknown =>
  mapTexts(value, (text) => text.replaceAll(ADDRESS, REDACTED));

const mapTexts = (value: unknown, map: (text: string) => string): unknown => {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, map));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, map)]));
};
