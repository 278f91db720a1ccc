import { expect, test } from "vitest";
import { purgeExports } from "./handler.ts";

/** Expired exports, purged with a storage that may fail. */
const purge = async (count: number, remove: () => Promise<void> = async () => {}) => {
  const rows = Array.from({ length: count }, (_, index) => `export-${index}`);
  const files = new Set(rows);
  const steps: string[] = [];
  const handler = purgeExports({
    findLoad: async () => undefined,
    slow: Infinity,
    clock: { now: () => 0, sleep: async () => {} },
    findExpired: async (limit) => rows.slice(0, limit),
    remove: async (ids) => {
      await remove();
      steps.push(`files ${ids.length}`);
      for (const id of ids) files.delete(id);
    },
    deleteRows: async (ids) => {
      steps.push(`rows ${ids.length}`);
      rows.splice(0, ids.length);
    },
  });
  const run = { signal: new AbortController().signal, progress: async () => {} };
  const result = await handler({}, run).catch((error: unknown) => error);
  return { result, rows, files, steps };
};

test("deletes the files and then the rows, batch by batch", async () => {
  const { result, rows, files, steps } = await purge(150);
  expect(result).toEqual({ exports: 150 });
  expect([rows.length, files.size]).toEqual([0, 0]);
  expect(steps).toEqual(["files 100", "rows 100", "files 50", "rows 50"]);
});

test("keeps the rows while the storage is down", async () => {
  const { result, rows } = await purge(2, () => Promise.reject(new Error("down")));
  expect(result).toEqual(new Error("down"));
  expect(rows).toHaveLength(2);
});
