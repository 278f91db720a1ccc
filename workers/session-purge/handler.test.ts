import { expect, test } from "vitest";
import type { PurgedBatch } from "../core/index.ts";
import { purgeSessions } from "./handler.ts";
import { sessionPurge } from "./job.ts";

const HOUR = 3_600_000;

/** `found`: how many rows each batch finds. */
const setUp = (
  found: { expired: number[]; orphaned: number[] },
  findLoad = async () => undefined as string | undefined,
) => {
  const calls: { until?: Date; after: string | undefined; limit: number }[] = [];
  const next = (kind: "expired" | "orphaned"): PurgedBatch => {
    const count = found[kind].shift() ?? 0;
    return { counts: { [kind]: count }, next: count > 0 ? `${kind} ${count}` : undefined };
  };
  const purge = purgeSessions({
    slow: 500,
    findLoad,
    deleteExpired: async (until, after, limit) => {
      calls.push({ until, after, limit });
      return next("expired");
    },
    deleteOrphaned: async (after, limit) => {
      calls.push({ after, limit });
      return next("orphaned");
    },
  });
  const perform = (signal = new AbortController().signal) =>
    purge(sessionPurge.payload.parse({ scheduleId: "ignored" }), { signal, progress: async () => {} });
  return { calls, perform };
};

test("deletes expired sessions and then orphaned ones, until nothing is left", async () => {
  const { perform, calls } = setUp({ expired: [1_000, 234], orphaned: [5] });
  expect(await perform()).toEqual({ expired: 1_234, orphaned: 5 });
  expect(calls.map(({ after }) => after)).toEqual([
    undefined,
    "expired 1000",
    "expired 234",
    undefined,
    "orphaned 5",
  ]);
  expect(new Set(calls.map(({ limit }) => limit))).toEqual(new Set([1_000]));
});

test("a session is deleted an hour after its expiry", async () => {
  const { perform, calls } = setUp({ expired: [], orphaned: [] });
  const before = Date.now();
  await perform();
  const until = calls[0]!.until!.getTime();
  expect(until).toBeGreaterThanOrEqual(before - HOUR);
  expect(until).toBeLessThanOrEqual(Date.now() - HOUR);
});

test("all batches of a run have the same limit in time", async () => {
  const { perform, calls } = setUp({ expired: [1, 1, 1], orphaned: [] });
  await perform();
  expect(new Set(calls.flatMap(({ until }) => until?.getTime() ?? [])).size).toBe(1);
});

test("a second run deletes nothing", async () => {
  const { perform } = setUp({ expired: [3], orphaned: [] });
  await perform();
  expect(await perform()).toEqual({ expired: 0, orphaned: 0 });
});

test("stops when its signal aborts", async () => {
  const { perform, calls } = setUp({ expired: [1_000], orphaned: [] });
  await expect(perform(AbortSignal.abort(new Error("shutdown")))).rejects.toThrow("shutdown");
  expect(calls).toEqual([]);
});
