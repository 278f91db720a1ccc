import { expect, test } from "vitest";
import { z } from "zod";
import { defineJob, type ManyOptions } from "../core/index.ts";
import { dispatchSchedules, type DueSchedule, type Move } from "./handler.ts";
import type { SlotsAfter } from "./plan.ts";

const now = new Date("2026-12-01T00:00:05Z");
const midnight = new Date("2026-12-01T00:00:00Z");

const digest = defineJob({
  name: "digest",
  payload: z.object({ scheduleId: z.string(), slot: z.string(), kind: z.string().optional() }),
});

/** Daily at midnight in UTC. */
const slotsAfter: SlotsAfter = function* ({ zone }, { after, slot: last }) {
  if (zone === "Europe/Atlantis") throw new RangeError("unknown zone");
  for (let time = Math.ceil((after.getTime() + 1) / DAY) * DAY; ; time += DAY) {
    const at = new Date(time);
    const slot = at.toISOString().slice(0, 10);
    if (!last || slot > last) yield { slot, at };
  }
};
const DAY = 86_400_000;

const schedule = (id: string, some: Partial<DueSchedule> = {}): DueSchedule => ({
  id,
  job: "digest",
  payload: {},
  userId: "ada",
  wanted: true,
  cadence: "DAILY",
  minutes: null,
  hour: 0,
  minute: 0,
  weekday: null,
  dayOfMonth: null,
  zone: "UTC",
  nextRunAt: midnight,
  lastSlot: "2026-11-30",
  ...some,
});

const setUp = (due: DueSchedule[]) => {
  const rows = new Map(due.map((each) => [each.id, each]));
  const enqueued: { job: string; payload: unknown; key: string | undefined; options: ManyOptions }[] = [];
  const sizes: number[] = [];
  const removed: string[] = [];
  const moves: Move[] = [];
  const errors: object[] = [];
  let computed = 0;
  const dispatch = dispatchSchedules({
    transaction: (work) =>
      work({
        claim: async (limit) => {
          sizes.push(limit);
          return { now, due: [...rows.values()].slice(0, limit) };
        },
        enqueueMany: async (job, items, options = {}) => {
          for (const { payload, key } of items) enqueued.push({ job: job.name, payload, key, options });
          return items.length;
        },
        move: async (some) => {
          moves.push(...some);
          for (const { id } of some) rows.delete(id);
        },
        remove: async (ids) => {
          removed.push(...ids);
          for (const id of ids) rows.delete(id);
        },
      }),
    jobs: [digest],
    slotsAfter: (...asked) => {
      computed += 1;
      return slotsAfter(...asked);
    },
    log: { info: () => {}, warn: () => {}, error: (fields) => void errors.push(fields) },
    pause: async () => {},
  });
  const perform = (signal = new AbortController().signal) =>
    dispatch({}, { signal, progress: async () => {} });
  return { perform, enqueued, sizes, removed, moves, errors, computed: () => computed };
};

test("enqueues the job of each due schedule with its slot as the key, and moves the schedule on", async () => {
  const { perform, enqueued, moves } = setUp([schedule("a"), schedule("b", { payload: { kind: "short" } })]);
  expect(await perform()).toEqual({ enqueued: 2, missed: 0, removed: 0, refused: 0 });
  expect(enqueued.map(({ key, payload }) => [key, payload])).toEqual([
    ["schedule:a:2026-12-01", { scheduleId: "a", slot: "2026-12-01" }],
    ["schedule:b:2026-12-01", { kind: "short", scheduleId: "b", slot: "2026-12-01" }],
  ]);
  const next = { nextRunAt: new Date("2026-12-02T00:00:00Z"), lastSlot: "2026-12-01", missed: 0 };
  expect(moves).toEqual([
    { id: "a", ...next },
    { id: "b", ...next },
  ]);
});

test("what users scheduled for one hour is one batch of low priority; a job of the system is in none", async () => {
  const { perform, enqueued } = setUp([schedule("a"), schedule("b"), schedule("c", { userId: null })]);
  await perform();
  const [a, b, c] = enqueued
    .toSorted((one, other) => (one.key! < other.key! ? -1 : 1))
    .map(({ options }) => options);
  expect(a).toEqual({ batch: { id: expect.any(String), name: "digest 2026-12-01T00:00Z" }, priority: 10 });
  expect(a?.batch?.id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7/);
  expect(b).toEqual(a);
  expect(c).toEqual({});
});

test("after an outage only the latest slot runs, and the others are counted", async () => {
  const since = { nextRunAt: new Date("2026-11-27T00:00:00Z"), lastSlot: "2026-11-26" };
  const { perform, enqueued, moves } = setUp([schedule("a", since)]);
  expect(await perform()).toEqual({ enqueued: 1, missed: 4, removed: 0, refused: 0 });
  expect(enqueued.map(({ key }) => key)).toEqual(["schedule:a:2026-12-01"]);
  expect(moves[0]).toMatchObject({ lastSlot: "2026-12-01", missed: 4 });
});

test("a local date that had its slot gets no second one, whatever the row says", async () => {
  const { perform, enqueued, moves } = setUp([schedule("a", { lastSlot: "2026-12-01" })]);
  expect(await perform()).toMatchObject({ enqueued: 0 });
  expect(enqueued).toEqual([]);
  expect(moves).toEqual([
    { id: "a", nextRunAt: new Date("2026-12-02T00:00:00Z"), lastSlot: null, missed: 0 },
  ]);
});

test("a slot that new rules of the zone moved forward by an hour is not skipped", async () => {
  const { perform, enqueued } = setUp([schedule("a", { nextRunAt: new Date("2026-12-01T00:00:04Z") })]);
  await perform();
  expect(enqueued).toHaveLength(1);
});

test("a schedule whose user has left the project is removed", async () => {
  const { perform, enqueued, removed } = setUp([schedule("a", { wanted: false }), schedule("b")]);
  expect(await perform()).toEqual({ enqueued: 1, missed: 0, removed: 1, refused: 0 });
  expect(removed).toEqual(["a"]);
  expect(enqueued.map(({ key }) => key)).toEqual(["schedule:b:2026-12-01"]);
});

test("a schedule that cannot run waits for an hour, and does not stop the others", async () => {
  const { perform, enqueued, moves, errors } = setUp([
    schedule("unknown", { job: "none" }),
    schedule("zone", { zone: "Europe/Atlantis" }),
    schedule("payload", { payload: { kind: 1 } }),
    schedule("good"),
  ]);
  expect(await perform()).toEqual({ enqueued: 1, missed: 0, removed: 0, refused: 3 });
  expect(enqueued.map(({ key }) => key)).toEqual(["schedule:good:2026-12-01"]);
  expect(moves.filter(({ nextRunAt }) => nextRunAt.getTime() === now.getTime() + 3_600_000)).toHaveLength(3);
  expect(errors).toEqual([
    { schedule: "unknown", error: "Error: no job none can be scheduled" },
    { schedule: "zone", error: "RangeError: unknown zone" },
    { schedule: "payload", error: "Error: digest refuses the payload" },
  ]);
});

test("works in bounded transactions until nothing is due, and computes equal schedules once", async () => {
  const { perform, enqueued, sizes, computed } = setUp(
    Array.from({ length: 5_000 }, (_, n) => schedule(`${n}`)),
  );
  expect(await perform()).toMatchObject({ enqueued: 5_000 });
  expect(new Set(enqueued.map(({ key }) => key)).size).toBe(5_000);
  expect(sizes.length).toBeGreaterThan(5);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
  expect(computed()).toBe(1);
});

test("stops before the next transaction when its signal aborts", async () => {
  const { perform, enqueued } = setUp([schedule("a")]);
  await expect(perform(AbortSignal.abort(new Error("shutdown")))).rejects.toThrow("shutdown");
  expect(enqueued).toEqual([]);
});
