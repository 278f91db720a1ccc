import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { burnDown, sample, WORLD, WORLD_TITLES } from "../../scripts/report-samples/contents.ts";
import { elementsOf, linksOf, openPdf, textOf } from "../../test/support/reports/read-pdf.ts";
import { inBatches, render } from "../../test/support/reports/rendered.ts";
import { drawnRows, MAX_ROWS, type ReportContent, type TableName } from "./content.ts";
import { renderReport } from "./render.ts";

const sprint = sample(
  { done: 34, pending: 22, overdue: 5 },
  { chart: burnDown(14, "2026-11-16", "2026-11-27", 84) },
);

test("a report says what it is about", async () => {
  const { bytes, pages } = await render(sprint);
  const pdf = await openPdf(bytes);
  const text = await textOf(pdf);
  expect(pdf.numPages).toBe(pages);
  expect(text[0]).toContain("Apollo");
  expect(text[0]).toContain("27 Nov 2026, 14:05");
  expect(text[0]).toContain("12 more (+40%)");
  text.forEach((page, index) => expect(page).toContain(`Page ${index + 1} of`));
  for (const { title } of sprint.rows.overdue) expect(flat(text)).toContain(flat([title]));
});

test("title, language, author and bookmarks are in the document", async () => {
  const project = "Apollo & <friends>";
  const { bytes } = await render(sample({ done: 1, pending: 0, overdue: 0 }, { project }));
  const pdf = await openPdf(bytes);
  const { info, metadata } = await pdf.getMetadata();
  expect(info).toMatchObject({
    Title: `${project}: Week 47, 16 to 22 November 2026`,
    Author: "Ada Lovelace",
    Language: "en",
    CreationDate: "D:20261127130500Z",
  });
  expect(metadata?.get("dc:title")).toBe(`${project}: Week 47, 16 to 22 November 2026`);
  const outline = (await pdf.getOutline()) as { title: string }[];
  expect(outline.map(({ title }) => title)).toEqual([
    "Overview",
    "Key figures",
    "Throughput",
    "People",
    "Overdue",
    "Pending",
    "Done",
  ]);
});

test("the structure tree has headings, header cells, links and the chart in words", async () => {
  const pdf = await openPdf((await render(sprint)).bytes);
  expect(Array.from((await pdf.getMarkInfo()) as unknown as Map<string, boolean>)).toContainEqual([
    "Marked",
    true,
  ]);
  const elements = [...(await elementsOf(pdf, 1)), ...(await elementsOf(pdf, 2))];
  const count = (role: string) => elements.filter((element) => element.role === role).length;
  expect(count("H1")).toBe(1);
  expect(count("H2")).toBeGreaterThanOrEqual(5);
  expect(count("TH")).toBeGreaterThanOrEqual(10);
  expect(count("Link")).toBeGreaterThanOrEqual(6);
  const figure = elements.find(({ role }) => role === "Figure");
  expect(figure?.alt).toMatch(
    /^Burn-down from 16 Nov to 29 Nov\. 84 points remained on 16 Nov, \d+ on 27 Nov/,
  );
});

test("the project and every task link to their pages", async () => {
  const pdf = await openPdf((await render(sprint)).bytes);
  const links = (
    await Promise.all(Array.from({ length: pdf.numPages }, (_, page) => linksOf(pdf, page + 1)))
  ).flat();
  const rows = Object.values(sprint.rows).flat();
  expect(new Set(links)).toEqual(new Set([sprint.content.links.project, ...rows.map(({ url }) => url)]));
});

test("names and titles of many scripts can be read back", async () => {
  const world = sample({ done: 10, pending: 0, overdue: 0 }, {}, { names: WORLD, titles: WORLD_TITLES });
  const { bytes } = await render(world);
  const text = flat(await textOf(await openPdf(bytes)));
  for (const name of ["王小明", "佐藤さくら", "김민준", "ŁucjaŻółć", "สมชาย"]) expect(text).toContain(name);
  expect(text).not.toContain("\uFFFD");
});

test.skipIf(lacks("pdftotext"))("right-to-left text is read in its order by other programs", async () => {
  const world = sample({ done: 10, pending: 0, overdue: 0 }, {}, { names: WORLD, titles: WORLD_TITLES });
  const file = await save((await render(world)).bytes);
  const text = execFileSync("pdftotext", [file, "-"], { encoding: "utf8" }).replace(/[\u202A-\u202E]/g, "");
  for (const words of ["דנה כהן", "תיקון עמוד התשלום", "अनन्या शर्मा", "Nguyễn Thị Ánh", "Исправить страницу"])
    expect(text).toContain(words);
});

test.skipIf(lacks("pdffonts"))("all fonts are embedded", async () => {
  const world = sample({ done: 10, pending: 0, overdue: 0 }, {}, { names: WORLD, titles: WORLD_TITLES });
  const file = await save((await render(world)).bytes);
  const fonts = execFileSync("pdffonts", [file], { encoding: "utf8" }).trim().split("\n").slice(2);
  expect(fonts.length).toBeGreaterThan(7);
  for (const font of fonts) expect(font).toMatch(/Identity-H\s+yes yes yes/);
});

test.skipIf(lacks("qpdf"))("the file is well formed", async () => {
  const file = await save((await render(sprint)).bytes);
  expect(execFileSync("qpdf", ["--check", file], { encoding: "utf8" })).toContain(
    "No syntax or stream encoding errors",
  );
});

test("hostile titles are printed or cut", async () => {
  const titles = [
    "x".repeat(5_000),
    "word ".repeat(1_000),
    "\u0000\u0007\uD800a\u202Eb\u2028c",
    "e" + "\u0301".repeat(4_000),
  ];
  const { bytes } = await render(
    sample({ done: 4, pending: 0, overdue: 0 }, {}, { titles: [...titles, ""] }),
  );
  const text = flat(await textOf(await openPdf(bytes)));
  expect(text).toContain("…");
  expect(text).toContain("abc");
});

test("an empty project has a report", async () => {
  const empty: Partial<ReportContent> = { people: [], chart: { kind: "throughput", buckets: [] } };
  const text = flat(
    await textOf(await openPdf((await render(sample({ done: 0, pending: 0, overdue: 0 }, empty))).bytes)),
  );
  for (const note of ["No task was completed.", "No task is pending.", "No task is overdue."])
    expect(text).toContain(flat([note]));
});

test("a table ends with the number of rows that are not drawn, which are not read", async () => {
  const { content, rows } = sample({ done: 1, pending: 0, overdue: MAX_ROWS + 1 });
  content.counts.overdue = 50_000;
  const read: Record<string, number> = {};
  const progress: number[] = [];
  async function* batches(table: TableName) {
    for (;;)
      for await (const batch of inBatches(rows[table], 100))
        yield ((read[table] = (read[table] ?? 0) + 1), batch);
  }
  const report = renderReport({ ...content, counts: { ...content.counts, done: 0 } }, batches, {
    signal: new AbortController().signal,
    progress: (done) => progress.push(done),
  });
  const text = flat(await textOf(await openPdf(new Uint8Array(await buffer(report.pdf)))));
  expect(text).toContain("And49,000more");
  expect(text).toContain("Overdue,continued");
  expect(read).toEqual({ overdue: MAX_ROWS / 100 });
  expect(progress.at(-1)).toBe(drawnRows({ ...content.counts, done: 0 }));
  expect(progress).toEqual(progress.toSorted((one, other) => one - other));
});

test("a reader that stops stops the thread, and rows are not read ahead", async () => {
  const { content, rows } = sample({ done: MAX_ROWS, pending: 0, overdue: MAX_ROWS });
  let read = 0;
  async function* batches(table: TableName) {
    for await (const batch of inBatches(rows[table], 50)) yield (read++, batch);
  }
  const report = renderReport(content, batches, { signal: new AbortController().signal, progress: () => {} });
  await once(report.pdf, "readable");
  await expect.poll(() => report.pdf.readableLength).toBeGreaterThan(256 * 1024);
  // The end of another report shows that this one had time to continue.
  await render(sample({ done: 100, pending: 0, overdue: 0 }));
  expect(report.pdf.readableLength).toBeLessThan(1024 * 1024);
  expect(read).toBeLessThan(30);
  report.pdf.destroy();
  await expect(report.pages).rejects.toThrow("reader");
});

test("an abort ends the report with its reason", async () => {
  const abort = new AbortController();
  const reason = new Error("released");
  // oxlint-disable-next-line require-yield
  async function* never(): AsyncGenerator<never> {
    abort.abort(reason);
    await new Promise(() => {});
  }
  const { pdf, pages } = renderReport(sprint.content, never, { signal: abort.signal, progress: () => {} });
  const ended = buffer(pdf);
  await expect(pages).rejects.toBe(reason);
  await expect(ended).rejects.toBe(reason);
});

test("an error of the rows ends the report, and the next one succeeds", async () => {
  // oxlint-disable-next-line require-yield
  async function* broken(): AsyncGenerator<never> {
    throw new Error("no connection");
  }
  const { pdf, pages } = renderReport(sprint.content, broken, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  await expect(buffer(pdf)).rejects.toThrow("no connection");
  await expect(pages).rejects.toThrow("no connection");
  expect((await render(sprint)).pages).toBeGreaterThan(2);
});

test("a thread that crashes fails its report, and the next one succeeds", async () => {
  const content = { ...sprint.content, zone: "Nowhere/Else" };
  const { pdf, pages } = renderReport(content, (table) => inBatches(sprint.rows[table]), {
    signal: new AbortController().signal,
    progress: () => {},
  });
  const ended = buffer(pdf);
  await expect(pages).rejects.toThrow("Nowhere/Else");
  await expect(ended).rejects.toThrow("Nowhere/Else");
  expect((await render(sprint)).pages).toBeGreaterThan(2);
});

/** Without whitespace, because every reader of PDF invents its own. */
const flat = (text: readonly string[]): string => text.join("").replace(/\s+/g, "");

function lacks(program: string): boolean {
  return !process.env["CI"] && spawnSync(program, ["--version"]).error !== undefined;
}

const save = async (bytes: Uint8Array): Promise<string> => {
  const file = join(tmpdir(), `offstage-report-${process.pid}.pdf`);
  await writeFile(file, bytes);
  return file;
};
