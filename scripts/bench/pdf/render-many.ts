import { rowsOf, sample } from "../../report-samples/contents.ts";
import type { TableName } from "../../../workers/report-generate/content.ts";
import { renderReport } from "../../../workers/report-generate/render.ts";

// Renders reports of a project with TASKS tasks, and prints the peak of the resident memory.

const tasks = Number(process.env["TASKS"]);
const { content } = sample({ done: 0, pending: 0, overdue: 0 });
content.counts = { done: tasks / 2, pending: tasks / 4, overdue: tasks / 4 };

async function* batches(table: TableName) {
  const rows = rowsOf(table, content.counts[table]);
  for (let batch = rows.take(200).toArray(); batch.length > 0; batch = rows.take(200).toArray()) yield batch;
}

for (let round = 0; round < 4; round++) {
  const { pdf, pages } = renderReport(content, batches, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  for await (const _ of pdf);
  await pages;
}
console.log(`peak ${process.resourceUsage().maxRSS / 1024}`);
