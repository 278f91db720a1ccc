import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { renderReport } from "../workers/report-generate/render.ts";
import { burnDown, type Sample, sample, throughput, WORLD, WORLD_TITLES } from "./report-samples/contents.ts";
import { pictureOf } from "./report-samples/picture.ts";

// Draws pictures of sample reports into docs/reports.

const folder = join(import.meta.dirname, "../docs/reports");

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
    chart: { kind: "throughput", buckets: throughput(31, "2026-10-01") },
  },
);

const world = sample(
  { done: 20, pending: 20, overdue: 10 },
  { project: "مشروع أبولو – 阿波罗" },
  { names: WORLD, titles: WORLD_TITLES },
);

const pictures: readonly (readonly [name: string, of: Sample, page: number])[] = [
  ["sprint", sprint, 1],
  ["month", month, 1],
  ["tasks", month, 3],
  ["scripts", world, 2],
];

await mkdir(folder, { recursive: true });
for (const [name, { content, rows }, page] of pictures) {
  const { pdf } = renderReport(
    content,
    async function* (table) {
      yield [...rows[table]];
    },
    { signal: new AbortController().signal, progress: () => {} },
  );
  await writeFile(join(folder, `${name}.png`), await pictureOf(new Uint8Array(await buffer(pdf)), page));
}
await writeFile(
  join(folder, "README.md"),
  "Pages of sample reports. `npm run samples` draws them again with the renderer of `report-generate`.\n",
);
