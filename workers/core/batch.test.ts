import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { batched } from "./batch.ts";

const never = new AbortController().signal;
const sqlError = (code: string) => Object.assign(new Error(`SQLSTATE ${code}`), { code });

test("simultaneous calls share a statement, and each gets its own result", async () => {
  const sizes: number[] = [];
  const double = batched(async (items: number[]) => {
    sizes.push(items.length);
    return items.map((item) => item * 2);
  }, never);
  expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6]);
  expect(sizes).toEqual([3]);
});

test("calls that arrive while a statement runs share the next one, at most a hundred at a time", async () => {
  const sizes: number[] = [];
  const slow = batched(async (items: number[]) => {
    sizes.push(items.length);
    await sleep(20);
    return items;
  }, never);
  const first = slow(0);
  await sleep(5);
  await Promise.all([first, ...Array.from({ length: 250 }, (_, item) => slow(item))]);
  expect(sizes).toEqual([1, 100, 100, 50]);
});

test("an item that the database rejects fails alone", async () => {
  const insert = batched(async (items: string[]) => {
    if (items.includes("bad")) throw sqlError("22P05");
    return items;
  }, never);
  const results = await Promise.allSettled(["good", "bad", "fine"].map(insert));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("retries while the database is unavailable", async () => {
  let failures = 3;
  const insert = batched(async (items: string[]) => {
    if (failures-- > 0) throw sqlError("ECONNREFUSED");
    return items;
  }, never);
  expect(await insert("kept")).toBe("kept");
});

test("stops retrying when its signal aborts", async () => {
  const stop = new AbortController();
  const insert = batched(async (): Promise<string[]> => {
    throw sqlError("57P03");
  }, stop.signal);
  const result = insert("lost");
  stop.abort();
  await expect(result).rejects.toThrow();
});
