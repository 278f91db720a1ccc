import { expect, test } from "vitest";
import { withMemory } from "./memory.ts";

const { signal } = new AbortController();

/** Starts work that ends when the test says so. */
const start = (bytes: number, running: Set<number>) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = withMemory(bytes, signal, async () => {
    running.add(bytes);
    await promise;
    running.delete(bytes);
  });
  return async () => {
    resolve();
    await done;
  };
};

test("small images are decoded together, large ones alone, in the order of the calls", async () => {
  const running = new Set<number>();
  const ends = [100e6, 200e6, 700e6, 50e6, 2_000e6].map((bytes) => start(bytes, running));
  const settled = () => new Promise(setImmediate);
  await settled();
  expect([...running]).toEqual([100e6, 200e6]);
  await ends[0]!();
  await ends[1]!();
  await settled();
  expect([...running]).toEqual([700e6, 50e6]);
  await ends[2]!();
  await settled();
  expect([...running]).toEqual([50e6]);
  await ends[3]!();
  await settled();
  expect([...running]).toEqual([2_000e6]);
  await ends[4]!();
});

test("work that is aborted while it waits does not start, and frees its place", async () => {
  const running = new Set<number>();
  const stop = new AbortController();
  const end = start(800e6, running);
  const waiting = withMemory(1, stop.signal, () => Promise.reject(new Error("started")));
  stop.abort(new Error("the process shuts down"));
  await end();
  await expect(waiting).rejects.toThrow("the process shuts down");
  expect(await withMemory(800e6, signal, async () => "done")).toBe("done");
});
