/** Names by which many know a zone that browsers list under an earlier one. */
const NEWER = [
  "America/Argentina/Buenos_Aires",
  "America/Indiana/Indianapolis",
  "America/Nuuk",
  "Asia/Ho_Chi_Minh",
  "Asia/Kathmandu",
  "Asia/Kolkata",
  "Asia/Yangon",
  "Atlantic/Faroe",
  "Europe/Kyiv",
  "Pacific/Kanton",
  "UTC",
];

const isKnown = (timeZone) => {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone }));
  } catch {
    return false;
  }
};

/** All time zones of the IANA that this browser knows, by name. */
export const zones = [
  ...new Set([...Intl.supportedValuesOf("timeZone"), ...NEWER.filter((each) => isKnown(each))]),
].toSorted();

const simplify = (text) =>
  text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, " ");

/** The zone that a typed text means, for example `new york`; the text itself if that is unclear. */
export const zoneOf = (text) => {
  const wanted = simplify(text);
  const exact = zones.find((zone) => simplify(zone) === wanted);
  const cities = zones.filter((zone) => simplify(cityOf(zone)) === wanted);
  return exact ?? (cities.length === 1 ? cities[0] : text.trim());
};

/** The last part of a zone's name, as people write it. */
export const cityOf = (zone) => zone.split("/").at(-1).replaceAll("_", " ");

/** The time in a zone and its distance to UTC; undefined for an unknown zone. */
export const timeIn = (timeZone) =>
  isKnown(timeZone)
    ? new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone }).format(new Date()) +
      `, ${offsetOf(timeZone)}`
    : undefined;

const offsetOf = (timeZone) =>
  new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "shortOffset" })
    .formatToParts(new Date())
    .find(({ type }) => type === "timeZoneName")
    .value.replace("GMT", "UTC");
