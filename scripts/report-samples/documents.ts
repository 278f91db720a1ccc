import { buffer } from "node:stream/consumers";
import { renderReport } from "../../workers/report-generate/render.ts";
import { burnDown, type Sample, sample } from "./contents.ts";
import { pictureOf } from "./picture.ts";
import { WORLD, WORLD_TITLES } from "./rows.ts";

const sprint = sample(
  { done: 34, pending: 22, overdue: 5 },
  {
    project: "Apollo: the new billing",
    period: {
      kind: "SPRINT",
      label: "Sprint 12, 16 to 29 November 2026",
      firstDay: "2026-11-16",
      lastDay: "2026-11-29",
      previousLabel: "Sprint 11, 2 to 15 November",
    },
    chart: burnDown(14, "2026-11-16", "2026-11-27", 84),
  },
);

const month = sample(
  { done: 120, pending: 40, overdue: 8 },
  {
    period: {
      kind: "MONTH",
      label: "October 2026",
      firstDay: "2026-10-01",
      lastDay: "2026-10-31",
      previousLabel: "September 2026",
    },
  },
);

const world = sample(
  { done: 20, pending: 20, overdue: 10 },
  { project: "مشروع أبولو – 阿波罗" },
  { names: WORLD, titles: WORLD_TITLES },
);

const empty = sample({ done: 0, pending: 0, overdue: 0 }, { people: [] });

const PICTURES: readonly (readonly [name: string, of: Sample, page: number])[] = [
  ["sprint", sprint, 1],
  ["month", month, 1],
  ["tasks", month, 3],
  ["scripts", world, 2],
  ["empty", empty, 1],
];

/** Draws a page of each sample report, with its name. */
export async function* drawPictures(dpi: number): AsyncGenerator<{ name: string; png: Buffer }> {
  for (const [name, { content, rows }, page] of PICTURES) {
    const { pdf } = renderReport(
      content,
      async function* (table) {
        yield [...rows[table]];
      },
      { signal: new AbortController().signal, progress: () => {} },
    );
    yield { name, png: await pictureOf(new Uint8Array(await buffer(pdf)), page, dpi) };
  }
}
