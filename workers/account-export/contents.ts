import { Readable } from "node:stream";
import type { Archive } from "./archive.ts";
import type { Listing, Missing, Page, RequestedExport, Row, StoredFolder, Written } from "./data.ts";
import { indexPage, listPage, pageName, SHOWN } from "./pages.ts";
import { readme } from "./readme.ts";

export interface Sources {
  listings: readonly Listing[];
  /** The keys of stored objects that begin with a prefix. */
  list(prefix: string): AsyncIterable<string>;
  /** Resolves with undefined if there is no such object. */
  open(key: string): Promise<Readable | undefined>;
}

export interface Observer {
  /** Before each page of rows and each file. Throws if the export is no longer wanted. */
  check(): void;
  /** After each listing. */
  wrote(all: readonly Written[]): Promise<void>;
}

/** Missing files that are named. More are counted. */
const MOST_NAMED = 1_000;

/**
 * Writes everything of a user into an archive, one file after the other: first the rows of all listings with their
 * stored objects, then the pages about them. It holds one page of rows, and the rows that an HTML page shows.
 */
export const writeContents = async (
  archive: Archive,
  requested: RequestedExport,
  { listings, ...storage }: Sources,
  observer: Observer,
): Promise<{ written: Written[]; missing: number }> => {
  const written: Written[] = [];
  const missing: Missing = { paths: [], count: 0 };
  const text = (path: string, content: string) => archive.add(path, Readable.from([content]), "deflate");

  for (const listing of listings) {
    const pages = () => readPages(listing, requested.userId, observer);
    const { rows, shown } = await writeRows(archive, listing, pages());
    if (rows > 0) await text(`pages/${pageName(listing)}`, listPage(listing, shown, rows));
    const files = await writeFiles(archive, pages(), storage, missing, observer);
    written.push({ listing, rows, files });
    await observer.wrote(written);
  }
  await text("README.txt", readme(requested, written, missing));
  await text("index.html", indexPage(requested, written, missing));
  return { written, missing: missing.count };
};

async function* readPages(listing: Listing, userId: string, { check }: Observer): AsyncGenerator<Page> {
  let after: string | undefined;
  do {
    check();
    const page = await listing.read(userId, after);
    yield page;
    after = page.next;
  } while (after !== undefined);
}

/** Writes the rows as one JSON array, a row in each line. */
const writeRows = async (archive: Archive, { file }: Listing, pages: AsyncIterable<Page>) => {
  let rows = 0;
  const shown: Row[] = [];
  const json = async function* () {
    for await (const page of pages) {
      const lines = withFiles(page).map((row) => {
        if (shown.length < SHOWN) shown.push(row);
        return `${rows++ === 0 ? "[\n" : ",\n"}${JSON.stringify(row)}`;
      });
      if (lines.length > 0) yield lines.join("");
    }
    yield rows === 0 ? "[]\n" : "\n]\n";
  };
  await archive.add(`data/${file}.json`, Readable.from(json()), "deflate");
  return { rows, shown };
};

/** Adds to each row the path in the ZIP of its file. */
const withFiles = ({ rows, folders }: Page): Row[] =>
  rows.map((row, index) => {
    const folder = folders[index];
    const [first] = folder?.expected ?? [];
    return folder && first !== undefined ? { file: pathIn(folder, first), ...row } : row;
  });

const pathIn = ({ path, place }: StoredFolder, name: string) => `files/${path}/${place(name)}`;

/** Writes the stored objects of all rows. Those that are missing are noted. */
const writeFiles = async (
  archive: Archive,
  pages: AsyncIterable<Page>,
  { list, open }: Omit<Sources, "listings">,
  missing: Missing,
  { check }: Observer,
): Promise<number> => {
  let files = 0;
  const note = (path: string) => {
    if (missing.count++ < MOST_NAMED) missing.paths.push(path);
  };
  for await (const { folders } of pages) {
    if (folders.length === 0) break;
    for (const folder of folders) {
      const expected = new Set(folder.expected);
      for await (const key of list(folder.prefix)) {
        check();
        const name = key.slice(folder.prefix.length);
        const content = await open(key);
        // It was deleted after it was listed.
        if (!content) continue;
        await archive.add(pathIn(folder, name), content, "store");
        expected.delete(name);
        files++;
      }
      for (const name of expected) note(pathIn(folder, name));
    }
  }
  return files;
};
