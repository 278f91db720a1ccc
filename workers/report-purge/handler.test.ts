import { expect, test } from "vitest";
import { purgeReport } from "./handler.ts";

const reportId = "01932b5e-0000-7000-8000-000000000001";
const file = `reports/${reportId}/report.pdf`;

const setUp = (stored: string[], reports: string[] = []) => {
  const objects = new Set(stored);
  const purge = purgeReport({
    exists: async (id) => reports.includes(id),
    list: async function* (prefix) {
      for (const key of objects) if (key.startsWith(prefix)) yield key;
    },
    remove: async (keys) => keys.forEach((key) => objects.delete(key)),
  });
  const perform = (signal = new AbortController().signal) => purge({ reportId }, { signal });
  return { objects, perform };
};

test("removes the file of a deleted report, and no other", async () => {
  const other = "reports/01932b5e-0000-7000-8000-000000000002/report.pdf";
  const { objects, perform } = setUp([file, other]);
  expect(await perform()).toBe("objects removed: 1");
  expect([...objects]).toEqual([other]);
});

test("a second run finds nothing", async () => {
  const { perform } = setUp([file]);
  await perform();
  expect(await perform()).toBe("objects removed: 0");
});

test("keeps the file of a report that exists", async () => {
  const { objects, perform } = setUp([file], [reportId]);
  expect(await perform()).toBe("kept: the report exists");
  expect([...objects]).toEqual([file]);
});

test("removes nothing after its signal has aborted", async () => {
  const { objects, perform } = setUp([file]);
  await expect(perform(AbortSignal.abort(new Error("shutdown")))).rejects.toThrow("shutdown");
  expect([...objects]).toEqual([file]);
});
