import { sample } from "../../report-samples/contents.ts";
import { rowsOf } from "../../report-samples/rows.ts";
import type { TableName, TaskRow } from "../../../workers/report-generate/content.ts";
import { renderReport } from "../../../workers/report-generate/render.ts";

// Renders reports of a project with TASKS tasks, and prints the peak of the resident memory.

const tasks = Number(process.env["TASKS"]);
const { content } = sample({ done: 0, pending: 0, overdue: 0 });
content.counts = { done: tasks / 2, pending: tasks / 4, overdue: tasks / 4 };

async function* batches(table: TableName) {
  let batch: TaskRow[] = [];
  for (const row of rowsOf(table, content.counts[table])) {
    batch.push(row);
    if (batch.length < 200) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

for (let round = 0; round < 4; round++) {
  const { pdf, pages } = renderReport(content, batches, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  for await (const _ of pdf);
  const drawn = await pages;
  if (drawn < Math.min(tasks, 3_000) / 50) throw new Error(`${drawn} pages are too few.`);
}
console.log(`peak ${process.resourceUsage().maxRSS / 1024}`);
