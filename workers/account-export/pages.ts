import type { Listing, Missing, RequestedExport, Row, Written } from "./data.ts";
import { counted, date } from "./readme.ts";
import { style } from "./style.ts";

/** Rows of a list that its page shows. All are in its JSON. */
export const SHOWN = 500;
/** Characters of a text that a page shows. */
const LONGEST = 2_000;

export const pageName = ({ file }: Pick<Listing, "file">): string => `${file.replaceAll("/", "-")}.html`;

/** The first page to look at. */
export const indexPage = (
  { name, createdAt }: Pick<RequestedExport, "name" | "createdAt">,
  written: readonly Written[],
  missing: Missing,
): string => {
  // What is empty comes last.
  const sorted = [...written.filter(({ rows }) => rows > 0), ...written.filter(({ rows }) => rows === 0)];
  const items = sorted.map(({ listing, rows, files }) => {
    const title = escape(listing.title);
    const link = rows > 0 ? `<a href="pages/${pageName(listing)}">${title}</a>` : title;
    const counts = [counted(rows, "row"), ...(files > 0 ? [counted(files, "file")] : [])].join(", ");
    return `<li><h2>${link}</h2><p>${escape(listing.about)}</p><p class="quiet">${counts} · <a href="data/${listing.file}.json">JSON</a></p></li>`;
  });
  return document(
    "Your data",
    `<h1>Your data</h1>
<p><bdi>${escape(name)}</bdi>, exported on ${date(createdAt)}. <a href="README.txt">What each file is</a></p>
${describeMissing(missing)}
<ul class="cards">
${items.join("\n")}
</ul>`,
  );
};

/** A page with the rows of a list. `rows` is how many there are. */
export const listPage = (
  listing: Pick<Listing, "file" | "title" | "about">,
  shown: readonly Row[],
  rows: number,
): string => {
  const names = [...new Set(shown.flatMap((row) => Object.keys(row)))];
  const json = `<a href="../data/${listing.file}.json">JSON</a>`;
  const note =
    rows > shown.length ? `The newest ${shown.length} of ${counted(rows, "row")}. All are in the ` : "";
  const body = shown.length === 1 ? describeOne(shown[0] ?? {}) : describeMany(names, shown);
  return document(
    listing.title,
    `<p><a href="../index.html">Your data</a></p>
<h1>${escape(listing.title)}</h1>
<p>${escape(listing.about)}</p>
<p class="quiet">${note}${json}. Times are in UTC.</p>
${body}`,
  );
};

const describeOne = (row: Row) =>
  `<dl>\n${Object.entries(row)
    .map(([name, value]) => `<div><dt>${heading(name)}</dt><dd>${cell(value, name)}</dd></div>`)
    .join("\n")}\n</dl>`;

const describeMany = (names: readonly string[], rows: readonly Row[]) =>
  `<div class="table" tabindex="0"><table><thead><tr>${names.map((name) => `<th scope="col">${heading(name)}</th>`).join("")}</tr></thead><tbody>
${rows.map((row) => `<tr>${names.map((name) => `<td>${cell(row[name], name)}</td>`).join("")}</tr>`).join("\n")}
</tbody></table></div>`;

/** "createdAt" is "Created at". */
const heading = (name: string) =>
  escape(
    name
      .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
      .replace(/^./, (letter) => letter.toUpperCase()),
  );

const cell = (value: unknown, name: string): string => {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return value.toLocaleString("en-GB");
  if (value instanceof Date) return `<time>${value.toISOString().slice(0, 16).replace("T", " ")}</time>`;
  if (typeof value !== "string") return `<code>${escape(shorten(JSON.stringify(value)))}</code>`;
  if (name === "file") return fileLink(value);
  if (DATE.test(value)) return `<time>${value}</time>`;
  if (UUID.test(value)) return `<code title="${value}">${value.slice(-12)}</code>`;
  return `<bdi>${escape(shorten(value))}</bdi>`;
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
/** What browsers show. */
const PICTURE = /\.(avif|gif|jpe?g|png|webp)$/i;

const fileLink = (path: string) => {
  const url = `../${path.split("/").map(encodeURIComponent).join("/")}`;
  const picture = PICTURE.test(path) ? `<img src="${url}" alt="" loading="lazy">` : "Open";
  return `<a href="${url}">${picture}</a>`;
};

const shorten = (text: string) =>
  (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text).toWellFormed();

const describeMissing = ({ paths, count }: Missing) =>
  count === 0
    ? ""
    : `<section class="warn"><h2>${counted(count, "file")} missing</h2><p>Not found in the storage:</p><ul>${paths
        .slice(0, SHOWN)
        .map((path) => `<li><bdi>${escape(path)}</bdi></li>`)
        .join("")}</ul>${count > SHOWN ? `<p>And ${count - SHOWN} more: see README.txt.</p>` : ""}</section>`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escape = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

/** No script runs and nothing is loaded from elsewhere, whatever the texts contain. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:";

const document = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
