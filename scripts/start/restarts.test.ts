import { expect, test } from "vitest";
import { createRestarts } from "./restarts.ts";

const crash = { wasReady: true, bySignal: true, ordered: false };

test("a program is restarted four times in a minute, and not a fifth time", () => {
  const restarts = createRestarts();
  const decisions = [0, 1_000, 2_000, 3_000, 59_999].map((at) => restarts({ ...crash, at }));
  expect(decisions).toEqual([undefined, undefined, undefined, undefined, "5 times in a minute"]);
});

test("ends more than a minute ago do not count", () => {
  const restarts = createRestarts();
  for (const at of [0, 1_000, 2_000, 3_000]) restarts({ ...crash, at });
  expect(restarts({ ...crash, at: 60_000 })).toBeUndefined();
  expect(restarts({ ...crash, at: 60_500 })).toBe("5 times in a minute");
});

test("a program that exits before it was ever ready is not restarted", () => {
  expect(createRestarts()({ ...crash, at: 0, wasReady: false, bySignal: false })).toBe("before it was ready");
});

test("a program that is killed before it was ready is restarted", () => {
  expect(createRestarts()({ ...crash, at: 0, wasReady: false })).toBeUndefined();
});

test("an ordered end is always followed by a restart, and does not count", () => {
  const restarts = createRestarts();
  const order = { ...crash, ordered: true };
  for (let at = 0; at < 20_000; at += 1_000) expect(restarts({ ...order, at })).toBeUndefined();
  for (const at of [21_000, 22_000, 23_000, 24_000]) expect(restarts({ ...crash, at })).toBeUndefined();
  expect(restarts({ ...crash, at: 25_000 })).toBe("5 times in a minute");
});
