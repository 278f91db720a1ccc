import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { readZip } from "../../test/support/exports/read-zip.ts";
import type { Listing, Page, RequestedExport, StoredFolder } from "./data.ts";
import { exportAccount, type Deps } from "./handler.ts";
import { safeName, safeStem } from "./names.ts";

const exportId = "01932b5e-0000-7000-8000-000000000001";
const requested: RequestedExport = {
  ...{ id: exportId, userId: "01932b5e-0000-7000-8000-000000000002", name: "Ada <b>Lovelace</b>" },
  createdAt: new Date("2026-11-28T00:00:00Z"),
};

const folder = (id: string, ...expected: string[]): StoredFolder => ({
  ...{ prefix: `uploads/${id}/`, path: `uploads/photo ${id}`, expected },
  place: (name) => (name === "source" ? "original/photo.png" : `versions/${name}`),
});

/** A listing of these pages. */
const listing = (file: string, ...pages: Omit<Page, "next">[]): Listing => ({
  ...{ file, title: "Things & more", about: "What you have." },
  read: async (_userId, after = "0") => {
    const next = Number(after) + 1 < pages.length ? `${Number(after) + 1}` : undefined;
    return { ...(pages[Number(after)] ?? { rows: [], folders: [] }), next };
  },
});

const rows = (...titles: string[]) => ({ rows: titles.map((title) => ({ title })), folders: [] });

interface Options {
  listings?: Listing[];
  objects?: Record<string, string>;
  deps?: Partial<Deps<string>>;
  signal?: AbortSignal;
}

const perform = async ({ listings = [], objects = {}, deps = {}, signal }: Options = {}) => {
  const files = new Map<string, Buffer>();
  const published: unknown[] = [];
  const removed: string[] = [];
  const handler = exportAccount<string>({
    findExport: async () => requested,
    listings,
    list: async function* (prefix) {
      for (const key of Object.keys(objects)) if (key.startsWith(prefix)) yield key;
    },
    open: async (key) =>
      objects[key] === undefined ? undefined : Readable.from([Buffer.from(objects[key])]),
    write: async (id, zip) => void files.set(id, await buffer(zip)),
    remove: async (id) => {
      removed.push(id);
      files.delete(id);
    },
    publish: async (tx, { id }, bytes) => {
      published.push([tx, id, bytes]);
      return "published";
    },
    ...deps,
  });
  const progress: unknown[] = [];
  const run = {
    ...{ id: "job", attempt: 1, signal: signal ?? new AbortController().signal },
    progress: async (value: unknown) => void progress.push(value),
    enqueue: () => {},
    enqueueFlow: () => {},
    children: async () => [],
    complete: async <Result>(effect: (tx: string) => Promise<Result>) => effect("tx"),
  };
  const outcome: unknown = await handler({ exportId }, run).catch((error: unknown) => error);
  const zip = files.get(exportId);
  const read = (path: string) => readZip(zip!).get(path)?.content.toString();
  return { outcome, zip, read, published, removed, progress };
};

test("writes the rows of all pages as one JSON array, with a page to look at", async () => {
  const listings = [
    listing("things", rows("first", "<script>alert(1)</script>"), rows("third")),
    listing("sub/none"),
  ];
  const { outcome, zip, read, published, progress } = await perform({ listings });
  expect(outcome).toEqual({ bytes: zip!.length, rows: 3, files: 0, missing: 0 });
  expect(published).toEqual([["tx", exportId, zip!.length]]);
  expect(progress).toEqual([1 / 3, 2 / 3]);
  expect(JSON.parse(read("data/things.json")!)).toEqual(
    ["first", "<script>alert(1)</script>", "third"].map((title) => ({ title })),
  );
  expect(read("data/sub/none.json")).toBe("[]\n");
  expect([...readZip(zip!).keys()]).toEqual([
    ...["data/things.json", "pages/things.html", "data/sub/none.json", "README.txt", "index.html"],
  ]);
  expect(read("pages/things.html")).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(read("index.html")).toContain("Ada &lt;b&gt;Lovelace&lt;/b&gt;");
  for (const page of ["pages/things.html", "index.html"]) expect(read(page)).not.toContain("<script");
  expect(read("README.txt")).toContain("data/sub/none.json");
});

test("shows the newest 500 rows of a long list, and has all of them in its JSON", async () => {
  const page = (from: number) => rows(...Array.from({ length: 400 }, (_, index) => `row ${from + index}.`));
  const { read } = await perform({ listings: [listing("long", page(0), page(400), page(800))] });
  expect(JSON.parse(read("data/long.json")!)).toHaveLength(1_200);
  expect(read("pages/long.html")!.match(/row \d+\./g)).toHaveLength(500);
  expect(read("pages/long.html")).toContain("The newest 500 of 1,200 rows");
});

test("stores files unchanged, and names those that are missing", async () => {
  const objects = {
    "uploads/1/source": "one",
    "uploads/1/image/480.webp": "small",
    "uploads/3/source": "three",
  };
  const page = {
    rows: [{ id: "1" }, { id: "2" }, { id: "3" }],
    folders: [folder("1", "source", "image/480.webp"), folder("2", "source"), folder("3")],
  };
  const { outcome, read, zip } = await perform({ listings: [listing("uploads", page)], objects });
  expect(outcome).toMatchObject({ rows: 3, files: 3, missing: 1 });
  expect(read("files/uploads/photo 1/original/photo.png")).toBe("one");
  expect(read("files/uploads/photo 1/versions/image/480.webp")).toBe("small");
  expect(read("files/uploads/photo 3/original/photo.png")).toBe("three");
  for (const { path, isStored } of readZip(zip!).values())
    expect([path, isStored]).toEqual([path, path.startsWith("files/")]);
  expect(JSON.parse(read("data/uploads.json")!)[0]).toEqual({
    file: "files/uploads/photo 1/original/photo.png",
    id: "1",
  });
  for (const text of ["README.txt", "index.html"])
    expect(read(text)).toContain("files/uploads/photo 2/original/photo.png");
  expect(read("README.txt")).toContain("1 file should be here");
});

test("a file that is deleted after it was listed is missing, and does not fail the export", async () => {
  const page = { rows: [{}], folders: [folder("1", "source")] };
  const objects = { "uploads/1/source": "one" };
  const { outcome } = await perform({
    listings: [listing("uploads", page)],
    objects,
    deps: { open: async () => undefined },
  });
  expect(outcome).toMatchObject({ files: 0, missing: 1 });
});

test("an error of a file in the middle fails the run with that error, and stores nothing", async () => {
  const broken = new Error("the connection broke");
  const source = async function* () {
    yield Buffer.alloc(100_000);
    throw broken;
  };
  const page = { rows: [{}], folders: [folder("1", "source")] };
  const { outcome, zip, published } = await perform({
    listings: [listing("uploads", page)],
    objects: { "uploads/1/source": "" },
    deps: { open: async () => Readable.from(source()) },
  });
  expect([outcome, zip, published]).toEqual([broken, undefined, []]);
});

test("an error of the database in the middle fails the run with that error", async () => {
  const broken = new Error("the statement was cancelled");
  const failing = { ...listing("things", rows("first")), read: () => Promise.reject(broken) };
  const { outcome, zip } = await perform({ listings: [failing] });
  expect([outcome, zip]).toEqual([broken, undefined]);
});

test("an error of the storage fails the run with that error, and closes the open file", async () => {
  const full = new Error("the storage is full");
  const open = new PassThrough();
  const opened = Promise.withResolvers<void>();
  const page = { rows: [{}], folders: [folder("1", "source")] };
  const { outcome } = await perform({
    listings: [listing("uploads", page)],
    objects: { "uploads/1/source": "" },
    deps: {
      open: async () => {
        opened.resolve();
        return open;
      },
      write: async (_id, zip) => {
        zip.resume();
        await opened.promise;
        zip.destroy();
        throw full;
      },
    },
  });
  expect([outcome, open.destroyed]).toEqual([full, true]);
});

test("a storage that fails before it reads anything ends the run at once", async () => {
  const down = new Error("the storage is down");
  const large = listing("large", rows(...Array.from({ length: 20_000 }, () => crypto.randomUUID())));
  const { outcome } = await perform({ listings: [large], deps: { write: () => Promise.reject(down) } });
  expect(outcome).toBe(down);
});

test("stops when its signal aborts, also while a file is silent", async () => {
  const stop = new AbortController();
  const reason = new Error("the lock was lost");
  const silent = new PassThrough();
  const page = { rows: [{}], folders: [folder("1", "source")] };
  const { outcome, zip } = await perform({
    listings: [listing("uploads", page)],
    objects: { "uploads/1/source": "" },
    deps: {
      open: async () => {
        setImmediate(() => stop.abort(reason));
        return silent;
      },
    },
    signal: stop.signal,
  });
  expect([outcome, zip, silent.destroyed]).toEqual([reason, undefined, true]);
});

test("skips an export that is not wanted any more, before, during and after it, and removes its file", async () => {
  const before = await perform({ deps: { findExport: async () => undefined } });
  let looks = 0;
  const during = await perform({
    listings: [listing("things", rows("first"))],
    deps: { findExport: async () => (looks++ === 0 ? requested : undefined) },
  });
  const after = await perform({ deps: { publish: async () => "gone" } });
  for (const { outcome, zip, removed, published } of [before, during, after]) {
    expect(outcome).toBe("skipped: the export is not wanted any more");
    expect([zip, removed, published]).toEqual([undefined, [exportId], []]);
  }
});

test.each([
  ["holiday.png", "holiday.png"],
  ["Żuraw 🚀 漢字.jpeg", "Żuraw 🚀 漢字.jpeg"],
  ["../../etc/passwd", "_.._etc_passwd"],
  ["..\\..\\win.ini", "_.._win.ini"],
  ["C:\\x\u0000\u202Egnp.exe", "C__x__gnp.exe"],
  ["CON.txt", "_CON.txt"],
  ["lpt1", "_lpt1"],
  ["...", "_"],
  [" name. ", "name"],
  [`${"é".repeat(300)}.png`, `${"é".repeat(76)}.png`],
  ["\uD800.png", "�.png"],
])("the name %j is %j in a ZIP", (name, expected) => {
  expect(safeName(name)).toBe(expected);
});

test("the stem of a name is safe too", () => {
  expect(safeStem("archive.tar.gz")).toBe("archive.tar");
  expect(safeStem("../.png")).not.toMatch(/[/\\]|^\.+$/);
});
