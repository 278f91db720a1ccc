import { expect, test } from "vitest";
import { burnDown, sample } from "../../scripts/report-samples/contents.ts";
import { elementsOf, linksOf, openPdf, textOf } from "../../test/support/reports/read-pdf.ts";
import { flat, render } from "../../test/support/reports/rendered.ts";
import type { ReportContent } from "./content.ts";

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
  expect(text[0]).toContain("6 more (+21%)");
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

test("hostile titles are printed or cut", async () => {
  const titles = [
    "x".repeat(5_000),
    "word ".repeat(1_000),
    "\u0000\u0007\uD800a\u202Eb\u2028c",
    "e" + "\u0301".repeat(4_000),
    "\u202E",
  ];
  const { bytes } = await render(sample({ done: 5, pending: 0, overdue: 0 }, {}, { titles, names: ["Ada"] }));
  const pdf = await openPdf(bytes);
  const text = flat(await textOf(pdf));
  expect((await linksOf(pdf, 2)).length).toBe(5);
  expect(text).toContain("…");
  expect(text).toContain("abc");
});

test.each<ReportContent["chart"]>([
  { kind: "throughput", buckets: [] },
  { kind: "throughput", buckets: [{ label: "16 Nov", done: 0, opened: 0 }] },
  { kind: "burn-down", unit: "tasks", days: [] },
  { kind: "burn-down", unit: "tasks", days: [{ day: "2026-11-16", remaining: 0, ideal: 0 }] },
])("an empty project has a report of one page: %j", async (chart) => {
  const nothing = { now: 0, before: null };
  const figures = {
    done: nothing,
    opened: nothing,
    overdue: nothing,
    cycleTime: { now: null, before: null },
  };
  const empty = sample({ done: 0, pending: 0, overdue: 0 }, { people: [], chart, figures });
  empty.content.period.previousLabel = "";
  const { bytes, pages } = await render(empty);
  const text = flat(await textOf(await openPdf(bytes)));
  expect(pages).toBe(1);
  expect(text).not.toContain("Compared");
  const of = chart.kind === "burn-down" ? "No task is in the sprint." : "No task was done or opened";
  for (const note of [of, "No task was completed.", "No task is pending.", "No task is overdue."])
    expect(text).toContain(flat([note]));
});
