import { expect, onTestFinished, test } from "vitest";
import { startHealing } from "./healing.ts";

const MINUTE = 60_000;

const start = () => {
  const state = {
    now: 0,
    viewers: 1,
    broken: false,
    adoptions: 0,
    repairs: 0,
    failures: 0,
    errors: [] as string[],
  };
  const healing = startHealing({
    now: () => state.now,
    viewers: () => state.viewers,
    adopt: async () => {
      state.adoptions++;
      state.broken = true;
    },
    isBroken: () => state.broken,
    repair: async () => {
      if (state.failures-- > 0) throw new Error("the broker is away");
      state.repairs++;
      state.broken = false;
    },
    onError: ({ message }) => state.errors.push(message),
  });
  onTestFinished(healing.close);
  const lookAfter = (minutes: number) => {
    state.now += minutes * MINUTE;
    return healing.look();
  };
  return { state, lookAfter };
};

test("repairs 5 minutes after the last viewer has left, once", async () => {
  const { state, lookAfter } = start();
  await lookAfter(60);
  expect(state.repairs).toBe(0);
  state.viewers = 0;
  await lookAfter(4.9);
  expect(state.repairs).toBe(0);
  await lookAfter(0.1);
  await lookAfter(1);
  expect(state).toMatchObject({ repairs: 1, adoptions: 1 });
});

test("a viewer who returns in time keeps what is broken", async () => {
  const { state, lookAfter } = start();
  state.viewers = 0;
  await lookAfter(4);
  state.viewers = 1;
  await lookAfter(0.5);
  state.viewers = 0;
  await lookAfter(4.9);
  expect(state.repairs).toBe(0);
});

test("a process repairs what it has found broken at its start", async () => {
  const { state, lookAfter } = start();
  state.viewers = 0;
  await lookAfter(5);
  expect(state.repairs).toBe(1);
});

test("tries again when the repair fails", async () => {
  const { state, lookAfter } = start();
  Object.assign(state, { viewers: 0, failures: 1 });
  await lookAfter(5);
  expect(state).toMatchObject({ repairs: 0, errors: ["the broker is away"] });
  await lookAfter(0.1);
  expect(state.repairs).toBe(1);
});
