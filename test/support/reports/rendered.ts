import { buffer } from "node:stream/consumers";
import type { Sample } from "../../../scripts/report-samples/contents.ts";
import type { TableName, TaskRow } from "../../../workers/report-generate/content.ts";
import { renderReport } from "../../../workers/report-generate/render.ts";

/** Rows in batches, as the database returns them. */
export async function* inBatches(rows: readonly TaskRow[], size = 200): AsyncGenerator<TaskRow[]> {
  for (let index = 0; index < rows.length; index += size) yield rows.slice(index, index + size);
}

/** Renders a sample to its end. */
export const render = async ({ content, rows }: Sample): Promise<{ bytes: Uint8Array; pages: number }> => {
  const { pdf, pages } = renderReport(content, (table: TableName) => inBatches(rows[table]), {
    signal: new AbortController().signal,
    progress: () => {},
  });
  const [bytes, count] = await Promise.all([buffer(pdf), pages]);
  return { bytes: new Uint8Array(bytes), pages: count };
};

/** Without whitespace, because every reader of PDF invents its own. */
export const flat = (text: readonly string[]): string => text.join("").replace(/\s+/g, "");
