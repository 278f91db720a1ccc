import type { Missing, RequestedExport, Written } from "./data.ts";

/** What each file is, in plain words. */
export const readme = (
  { name, createdAt }: Pick<RequestedExport, "name" | "createdAt">,
  written: readonly Written[],
  missing: Missing,
): string => {
  const lists = written.map(
    ({ listing, rows }) => `data/${listing.file}.json\n    ${listing.about} (${counted(rows, "row")})`,
  );
  const lines = [
    `The data of ${name.replaceAll(/\p{Cc}/gu, " ")}, exported because you asked for it on ${date(createdAt)}.`,
    "",
    "Open index.html in a browser to look at it. It needs no connection.",
    "",
    "index.html",
    "    What is in this export, with links to the pages and the files.",
    "pages/",
    "    A page for each kind of data, for people.",
    "files/uploads/",
    "    A folder for each upload: the file as you sent it in original/, and what was made of it in versions/.",
    "files/reports/",
    "    A folder for each report, with its PDF.",
    "data/",
    "    The same as in pages/, and all of it, for programs: JSON, one row in each line. All times are in UTC.",
    "",
    ...lists,
    "",
    "The data was read in portions, one after the other. What you or others changed meanwhile may be in one",
    "file already and in another not yet.",
    "",
    "It contains no passwords, keys or tokens, and nothing that only other people may read.",
    ...describeMissing(missing),
  ];
  return `${lines.join("\r\n")}\r\n`;
};

const describeMissing = ({ paths, count }: Missing): string[] =>
  count === 0
    ? []
    : [
        "",
        `MISSING: ${counted(count, "file")} should be here, but could not be found in the storage:`,
        ...paths.map((path) => `    ${path}`),
        ...(count > paths.length ? [`    and ${count - paths.length} more`] : []),
      ];

/** 28 November 2026 */
export const date = (value: Date): string =>
  value.toLocaleString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

/** "1 row", "2,000 rows" */
export const counted = (count: number, what: string): string =>
  `${count.toLocaleString("en-GB")} ${what}${count === 1 ? "" : "s"}`;
