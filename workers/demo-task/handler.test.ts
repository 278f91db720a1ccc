import { expect, test } from "vitest";
import { PermanentError } from "../core/index.ts";
import { doDemoTask } from "./handler.ts";
import { demoTask } from "./job.ts";

class Died extends Error {}
class Blocked extends Error {}

const perform = async (payload: object, { isSandbox = true, signal = new AbortController().signal } = {}) => {
  const done: unknown[] = [];
  const task = doDemoTask({
    isSandbox,
    sleep: async (ms, each) => {
      each.throwIfAborted();
      done.push(ms);
    },
    die: () => Promise.reject(new Died()),
    block: () => {
      throw new Blocked();
    },
  });
  const progress = async (value: unknown) => void done.push(value);
  const parsed = demoTask.payload.parse(JSON.parse(JSON.stringify(payload)));
  return { result: await task(parsed, { signal, progress }), done };
};

test("does nothing, at once", async () => {
  expect(await perform({ work: "nothing", number: 7 })).toEqual({
    result: { work: "nothing", number: 7 },
    done: [],
  });
});

test("sleeps, and reports its progress", async () => {
  const { result, done } = await perform({ work: "sleep", ms: 400 });
  expect(result).toEqual({ work: "sleep" });
  expect(done).toEqual([
    100,
    { percent: 25 },
    100,
    { percent: 50 },
    100,
    { percent: 75 },
    100,
    { percent: 100 },
  ]);
});

test("stops to sleep when its signal aborts", async () => {
  const signal = AbortSignal.abort(new Error("shutdown"));
  await expect(perform({ work: "sleep", ms: 400 }, { signal })).rejects.toThrow("shutdown");
});

test("kills its process", async () => {
  await expect(perform({ work: "crash" })).rejects.toThrow(Died);
});

test("blocks its process", async () => {
  await expect(perform({ work: "block" })).rejects.toThrow(Blocked);
});

test.each(["nothing", "sleep", "crash", "block"])(
  "the work %s is refused outside a sandbox, for ever",
  async (work) => {
    await expect(perform({ work }, { isSandbox: false })).rejects.toThrow(PermanentError);
  },
);

test("has the keys that its payload names, and none by default", () => {
  const payload = demoTask.payload.parse({ work: "nothing", orderKey: "a", idempotencyKey: "b" });
  expect([demoTask.order?.(payload), demoTask.key?.(payload)]).toEqual(["a", "b"]);
  const plain = demoTask.payload.parse({ work: "nothing" });
  expect([demoTask.order?.(plain), demoTask.key?.(plain)]).toEqual([undefined, undefined]);
});
