import { expect, test } from "vitest";
import { createLanes } from "./lanes.ts";
import type { Content, WorkerJson } from "./ledger-read.ts";

const tally = {
  slots: 10,
  running: 0,
  started: 0,
  completed: 0,
  failed: 0,
  retried: 0,
  released: 0,
  runMs: 0,
};

/** A worker process that was seen at a second of a day. */
const worker = (second: number, completed: number, rest: Partial<WorkerJson> = {}): WorkerJson => ({
  id: "w1",
  startedAt: "2026-12-01T00:00:00Z",
  seenAt: new Date(Date.UTC(2026, 11, 1) + second * 1_000).toISOString(),
  alive: true,
  about: { pid: 1, host: "here", queues: { email: { ...tally, completed } } },
  ...rest,
});
const content = (some: Partial<Content>): Content => ({
  ...{ groups: [], dead: [], kinds: [], workers: [], batches: [], schedules: [], reasons: [], jobs: [] },
  ...some,
});

test("a queue has a lane if it has an open or dead job, or a living worker", () => {
  const lanes = createLanes()(
    content({
      groups: [{ name: "push", phase: "queued", part: "published", n: 3 }],
      dead: [{ name: "image", n: 2 }],
      workers: [worker(0, 5), worker(0, 1, { id: "w2", alive: false, about: null })],
    }),
  );
  expect(lanes.map(({ name }) => name)).toEqual(["email", "image", "push"]);
  expect(lanes).toMatchObject([
    { name: "email", queued: 0, dead: 0, done: 5 },
    { name: "image", dead: 2, done: 0 },
    { name: "push", queued: 3, capped: false },
  ]);
});

test("the rate is that between the last two heartbeats, of living workers", () => {
  const lanes = createLanes();
  const rateOf = (...workers: WorkerJson[]) => lanes(content({ workers }))[0]?.perSecond;
  expect(rateOf(worker(0, 100))).toBe(0);
  expect(rateOf(worker(3, 142))).toBe(14);
  expect(rateOf(worker(3, 142))).toBe(14);
  expect(rateOf(worker(3, 142), worker(3, 0, { id: "w2" }))).toBe(14);
  expect(rateOf(worker(6, 142), worker(6, 30, { id: "w2" }))).toBe(10);
  // The first is dead, and its jobs stay counted.
  const last = lanes(content({ workers: [worker(6, 142, { alive: false }), worker(9, 33, { id: "w2" })] }));
  expect(last).toMatchObject([{ perSecond: 1, done: 175 }]);
});

test("a lane is capped if a state that it has jobs in has more than were counted", () => {
  const lanes = createLanes()(
    content({
      groups: [
        { name: "email", phase: "queued", part: "published", n: 10_000 },
        { name: "push", phase: "running", part: "published", n: 1 },
        { name: "image", phase: "committed", part: "pending", n: 10_000 },
      ],
    }),
  );
  expect(lanes.map(({ name, capped }) => [name, capped])).toEqual([
    ["email", true],
    ["image", false],
    ["push", true],
  ]);
});
