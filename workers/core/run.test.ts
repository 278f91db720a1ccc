import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Database } from "./enqueue.ts";
import { openRun } from "./run.ts";

const started = {
  id: "1",
  epoch: 1,
  parentId: null,
  orderKey: null,
  payload: {},
  attempt: 0,
  crashes: 0,
  waitMs: 0,
  crashedAfter: null,
  requestId: null,
  causeId: null,
  traceparent: null,
  lastSpan: null,
  ownTrace: false,
};

/** A run on a database where each statement is faster than the one before, and the given values fail. */
const openOn = (failing: string[] = []) => {
  const written: string[] = [];
  let delay = 40;
  const sql: Database<unknown>["sql"] = async (_text, values) => {
    await sleep((delay -= 10));
    const value = String(values[2]);
    if (failing.includes(value)) throw new Error("the database is unavailable");
    written.push(value);
    return [];
  };
  const database: Database<unknown> = { sql, transaction: () => Promise.reject(new Error("not here")) };
  return { written, ...openRun(database, started, { name: "test", timeout: 60_000 }, async () => undefined) };
};

test("concurrent calls write progress in order", async () => {
  const { run, written, close } = openOn();
  await Promise.all([0.25, 0.5, 0.75, 1].map((value) => run.progress(value)));
  expect(written).toEqual(["0.25", "0.5", "0.75", "1"]);
  close();
});

test("progress that cannot be written fails only its own call", async () => {
  const { run, written, close } = openOn(["0.25"]);
  const settled = await Promise.allSettled([0.25, 0.5].map((value) => run.progress(value)));
  expect(settled.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(written).toEqual(["0.5"]);
  close();
});
