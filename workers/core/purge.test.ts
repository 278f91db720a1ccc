import { expect, test } from "vitest";
import { purgeInBatches, type Clock, type PurgeOptions, type PurgeStep } from "./purge.ts";

/** A clock that only moves when something sleeps or works. */
const createClock = () => {
  let ms = 0;
  const slept: number[] = [];
  const clock: Clock = {
    now: () => ms,
    sleep: async (time) => {
      slept.push(time);
      ms += time;
    },
  };
  return { clock, slept, work: (time: number) => void (ms += time) };
};

/** A step that finds this many rows, in batches of ten that take `ms` each. */
const rows = (count: number, work: (ms: number) => void, ms: number) => {
  const seen: (string | undefined)[] = [];
  const step: PurgeStep = async (after) => {
    seen.push(after);
    work(ms);
    const deleted = Math.min(10, count);
    count -= deleted;
    return { counts: { rows: deleted }, next: count > 0 ? `${count} left` : undefined };
  };
  return { step, seen };
};

const setUp = (options: Partial<PurgeOptions> = {}) => {
  const time = createClock();
  const reported: unknown[] = [];
  const stop = new AbortController();
  const run = { signal: stop.signal, progress: async (value: unknown) => void reported.push(value) };
  const purge = (...steps: PurgeStep[]) =>
    purgeInBatches(steps, { slow: 500, findLoad: async () => undefined, clock: time.clock, ...options }, run);
  return { ...time, reported, stop, purge };
};

test("every step runs until nothing is left, each batch from where the one before it ended", async () => {
  const { purge, work } = setUp();
  const first = rows(25, work, 1);
  const second = rows(5, work, 1);
  expect(await purge(first.step, second.step)).toEqual({ rows: 30 });
  expect(first.seen).toEqual([undefined, "15 left", "5 left"]);
  expect(second.seen).toEqual([undefined]);
});

test("it rests after each batch for as long as the batch took", async () => {
  const { purge, work, slept } = setUp();
  await purge(rows(30, work, 40).step);
  expect(slept).toEqual([0, 40, 40]);
});

test("it waits out a peak of load", async () => {
  let looks = 0;
  const { purge, work, slept } = setUp({ findLoad: async () => (looks++ < 9 ? "12 are active" : undefined) });
  expect(await purge(rows(20, work, 1).step)).toEqual({ rows: 20 });
  expect(slept.filter((ms) => ms === 1_000)).toHaveLength(9);
});

test("it stops early if the load stays, and says so", async () => {
  const { purge, work } = setUp({ findLoad: async () => "12 statements are active" });
  const { step, seen } = rows(20, work, 1);
  expect(await purge(step)).toEqual({ note: "stopped early: 12 statements are active" });
  expect(seen).toEqual([]);
});

test("slow batches are load too", async () => {
  const { purge, work } = setUp();
  expect(await purge(rows(1_000, work, 700).step)).toEqual({
    rows: 100,
    note: "stopped early: a batch took 700 ms",
  });
});

test("a fast batch ends a row of slow ones", async () => {
  const { purge, work } = setUp();
  let batches = 0;
  const { step } = rows(500, (ms) => work(batches++ % 5 === 0 ? 1 : ms), 700);
  expect(await purge(step)).toEqual({ rows: 500 });
});

test("where a caller accepts slow batches, they are no sign of load", async () => {
  const { purge, work } = setUp({ slow: Infinity });
  expect(await purge(rows(200, work, 700).step)).toEqual({ rows: 200 });
});

test("it stops after ten minutes, so that its job does not time out", async () => {
  const { purge, work } = setUp();
  const result = await purge(rows(1_000_000, work, 499).step);
  expect(result["note"]).toBe("stopped early: it ran for 10 minutes");
  expect(result["rows"]).toBe(6_020);
});

test("it reports its progress once a second", async () => {
  const { purge, work, reported } = setUp();
  await purge(rows(100, work, 250).step);
  expect(reported).toEqual([{ rows: 30 }, { rows: 50 }, { rows: 70 }, { rows: 90 }]);
});

test("it stops before the next batch when the signal aborts", async () => {
  const { purge, stop, work } = setUp();
  const { step, seen } = rows(100, work, 1);
  const aborting: PurgeStep = async (after) => {
    stop.abort(new Error("shutdown"));
    return step(after);
  };
  await expect(purge(aborting)).rejects.toThrow("shutdown");
  expect(seen).toEqual([undefined]);
});

test("the signal ends a rest, with the reason of the abort", async () => {
  const stop = new AbortController();
  const step: PurgeStep = async () => ({ counts: {}, next: "more" });
  const findLoad = async () => {
    setImmediate(() => stop.abort(new Error("shutdown")));
    return "busy";
  };
  const purging = purgeInBatches(
    [step],
    { slow: 500, findLoad },
    { signal: stop.signal, progress: async () => {} },
  );
  await expect(purging).rejects.toThrow("shutdown");
});
