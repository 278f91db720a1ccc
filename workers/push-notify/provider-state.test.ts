import { expect, test } from "vitest";
import { createProviderState } from "./provider-state.ts";

const create = () => {
  const alerts: string[] = [];
  const clock = { now: 0 };
  const state = createProviderState((problem) => alerts.push(problem), { now: () => clock.now });
  return { state, alerts, clock };
};

/** How many of these tokens may be removed, one after the other. */
const removed = (state: ReturnType<typeof create>["state"], count: number, name = "gone") =>
  Array.from({ length: count }, (_, n) => state.mayRemove(`${name}-${n}`)).filter(Boolean).length;

test("with few devices known, ten tokens may be removed", () => {
  const { state, alerts } = create();
  expect(removed(state, 60)).toBe(10);
  expect(alerts).toHaveLength(1);
});

test.each([
  [50, 10],
  [100, 20],
  [400, 80],
])("with %d devices known, no more than a fifth may be removed", (known, most) => {
  const { state } = create();
  for (let n = 0; n < known - most; n++) state.accepted(`good-${n}`);
  expect(removed(state, most)).toBe(most);
  for (let n = 0; n < 4; n++) expect(state.mayRemove(`one-more-${n}`)).toBe(false);
});

test("one device counts once, however often its token is gone", () => {
  const { state } = create();
  for (let n = 0; n < 30; n++) expect(state.mayRemove("the same")).toBe(true);
});

test("removes again when the last five hundred devices are fine", () => {
  const { state } = create();
  expect(removed(state, 40)).toBe(10);
  for (let n = 0; n < 500; n++) state.accepted(`good-${n}`);
  expect(state.mayRemove("another")).toBe(true);
});

test("alerts once a minute at most", () => {
  const { state, alerts, clock } = create();
  removed(state, 20);
  clock.now = 59_999;
  removed(state, 1, "later");
  expect(alerts).toHaveLength(1);
  clock.now = 60_000;
  removed(state, 1, "last");
  expect(alerts).toHaveLength(2);
  expect(alerts[1]).toContain("22 of the last 22 tokens are gone");
});

test("the longest pause counts", async () => {
  const { state, clock } = create();
  await state.pauseFor(2_000);
  await state.pauseFor(1_000);
  clock.now = 1_500;
  expect(await state.pause()).toBe(500);
  clock.now = 2_001;
  expect(await state.pause()).toBe(0);
});

test("others pass when the last devices include one that was accepted", () => {
  const { state } = create();
  expect(state.othersPass()).toBe(false);
  state.mayRemove("gone");
  expect(state.othersPass()).toBe(false);
  state.accepted("good");
  expect(state.othersPass()).toBe(true);
});

test("a pause of another process counts too, and is not asked for during one's own", async () => {
  let now = 0;
  let reads = 0;
  const written: number[] = [];
  const shared = {
    read: async () => {
      reads++;
      return 700;
    },
    write: async (ms: number) => void written.push(ms),
  };
  const state = createProviderState(() => {}, { shared, now: () => now });
  expect(await state.pause()).toBe(700);
  await state.pauseFor(2_000);
  expect([await state.pause(), reads, written]).toEqual([2_000, 1, [2_000]]);
  now = 2_000;
  expect([await state.pause(), reads]).toEqual([700, 2]);
});
