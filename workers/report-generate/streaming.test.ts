import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { sample } from "../../scripts/report-samples/contents.ts";
import { openPdf, textOf } from "../../test/support/reports/read-pdf.ts";
import { flat, inBatches, render } from "../../test/support/reports/rendered.ts";
import { drawnRows, MAX_ROWS, type TableName } from "./content.ts";
import { MAX_AHEAD } from "./pdf/messages.ts";
import { drawReport } from "./pdf/report.ts";
import { renderReport } from "./render.ts";

const usual = sample({ done: 34, pending: 22, overdue: 5 });

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

test("a reader that pauses gets the rest later, and meanwhile no row is read", async () => {
  const { content, rows } = sample({ done: MAX_ROWS, pending: 0, overdue: MAX_ROWS });
  let read = 0;
  async function* batches(table: TableName) {
    for await (const batch of inBatches(rows[table], 50)) yield (read++, batch);
  }
  const report = renderReport(content, batches, { signal: new AbortController().signal, progress: () => {} });
  await once(report.pdf, "readable");
  await expect.poll(() => report.pdf.readableLength).toBeGreaterThan(MAX_AHEAD);
  // While this thread draws the whole report, the other could, too. Between pages, it can ask for rows.
  const send = () => new Promise<void>((resolve) => void setImmediate(resolve));
  await drawReport(content, { read: batches, send, progress: () => {} });
  const total = (2 * MAX_ROWS) / 50;
  expect(read).toBeLessThan(total + 30);
  let held = 0;
  for await (const _ of report.pdf) held = Math.max(held, report.pdf.readableLength);
  expect(held).toBeLessThan(3 * MAX_AHEAD);
  expect(read).toBe(2 * total);
  expect(await report.pages).toBeGreaterThan(50);
});

test("one batch of rows is read at a time", async () => {
  const { content, rows } = sample({ done: 300, pending: 0, overdue: 300 });
  let open = 0;
  const most: number[] = [];
  const batches = (table: TableName) => {
    const source = inBatches(rows[table], 20);
    const next = async () => {
      most.push(++open);
      await new Promise(setImmediate);
      open--;
      return await source.next();
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  };
  const report = renderReport(content, batches, { signal: new AbortController().signal, progress: () => {} });
  await buffer(report.pdf);
  expect(most.length).toBeGreaterThanOrEqual(30);
  expect(Math.max(...most)).toBe(1);
});

test("a reader that goes away ends the report", async () => {
  const { pdf, pages } = renderReport(usual.content, (table) => inBatches(usual.rows[table]), {
    signal: new AbortController().signal,
    progress: () => {},
  });
  pdf.destroy();
  await expect(pages).rejects.toThrow("reader");
});

test("an abort also ends a report that waits for a thread", async () => {
  async function* never(): AsyncGenerator<never> {
    yield await new Promise<never>(() => {});
  }
  const begin = () => {
    const abort = new AbortController();
    const report = renderReport(usual.content, never, { signal: abort.signal, progress: () => {} });
    report.pdf.on("error", () => {});
    return { abort, ...report };
  };
  const [first, second, third] = [begin(), begin(), begin()];
  third.abort.abort(new Error("released"));
  await expect(third.pages).rejects.toThrow("released");
  for (const { abort, pages } of [first, second]) {
    abort.abort(new Error("end"));
    await expect(pages).rejects.toThrow("end");
  }
  expect((await render(usual)).pages).toBeGreaterThan(2);
});

test("an abort ends the report with its reason", async () => {
  const abort = new AbortController();
  const reason = new Error("released");
  // oxlint-disable-next-line require-yield
  async function* never(): AsyncGenerator<never> {
    abort.abort(reason);
    await new Promise(() => {});
  }
  const { pdf, pages } = renderReport(usual.content, never, { signal: abort.signal, progress: () => {} });
  const ended = buffer(pdf);
  await expect(pages).rejects.toBe(reason);
  await expect(ended).rejects.toBe(reason);
});

test("an error of the rows ends the report, and the next one succeeds", async () => {
  // oxlint-disable-next-line require-yield
  async function* broken(): AsyncGenerator<never> {
    throw new Error("no connection");
  }
  const { pdf, pages } = renderReport(usual.content, broken, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  await expect(buffer(pdf)).rejects.toThrow("no connection");
  await expect(pages).rejects.toThrow("no connection");
  expect((await render(usual)).pages).toBeGreaterThan(2);
});

test("a thread that crashes fails its report, and the next one succeeds", async () => {
  const content = { ...usual.content, zone: "Nowhere/Else" };
  const { pdf, pages } = renderReport(content, (table) => inBatches(usual.rows[table]), {
    signal: new AbortController().signal,
    progress: () => {},
  });
  const ended = buffer(pdf);
  await expect(pages).rejects.toThrow("Nowhere/Else");
  await expect(ended).rejects.toThrow("Nowhere/Else");
  expect((await render(usual)).pages).toBeGreaterThan(2);
});
