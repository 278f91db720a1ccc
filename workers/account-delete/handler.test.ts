import { expect, test } from "vitest";
import type { PurgeStep, Run } from "../core/index.ts";
import { deleteAccount, type Deps } from "./handler.ts";
import { accountDelete } from "./job.ts";

const deletionId = "01932b5e-0000-7000-8000-000000000001";
const account = { deletionId, userId: "01932b5e-0000-7000-8000-000000000002" };

/** A step that has so many batches of one row in each of the rounds. */
const rowsOf = (what: string, ...rounds: number[]): PurgeStep => {
  let left = rounds.shift() ?? 0;
  return async () => {
    if (left === 0) {
      left = rounds.shift() ?? 0;
      return { counts: { [what]: 0 }, next: undefined };
    }
    left--;
    return { counts: { [what]: 1 }, next: "more" };
  };
};

const setUp = (deps: Partial<Deps<string>> = {}) => {
  const events: unknown[] = [];
  const run: Run<string> = {
    ...{ id: "01932b5e-0000-7000-8000-000000000003", attempt: 1, signal: new AbortController().signal },
    progress: async () => {},
    enqueue: (job, payload) => void events.push([job.name, payload]),
    enqueueFlow: () => {},
    children: async () => [],
    complete: (effect) => effect("tx"),
  };
  const handler = deleteAccount<string>({
    close: async () => account,
    steps: () => [],
    finish: async () => (events.push("finished"), []),
    handOn: async (tx, { deletionId }, delay) => void events.push(["handed on", tx, deletionId, delay]),
    pause: async () => void events.push("pause"),
    findLoad: async () => undefined,
    ...{ slow: 1_000_000, clock: { now: () => 0, sleep: async () => {} } },
    ...deps,
  });
  const perform = () => handler(accountDelete.payload.parse({ deletionId }), run);
  return { events, perform };
};

const goodbye = ["email", { template: "account-deleted", recordId: deletionId }];

test("deletes one kind of data after the other, then the account, then says goodbye", async () => {
  const { events, perform } = setUp({ steps: () => [rowsOf("sessions", 2), rowsOf("uploads", 3)] });
  expect(await perform()).toEqual({ sessions: 2, uploads: 3 });
  expect(events).toEqual(["finished", goodbye]);
});

test("does nothing if the deletion was cancelled", async () => {
  const { events, perform } = setUp({ close: async () => undefined });
  expect(await perform()).toBe("skipped: the deletion was cancelled, or is finished");
  expect(events).toEqual([]);
});

test("goes round again while something is left, and says goodbye once", async () => {
  const uploads = rowsOf("uploads", 1, 2, 1);
  const left = [["Upload.userId"], ["jobs"], []];
  const { events, perform } = setUp({ steps: () => [uploads], finish: async () => left.shift() ?? [] });
  expect(await perform()).toEqual({ uploads: 4 });
  expect(events).toEqual(["pause", "pause", goodbye]);
});

test("hands on to a follow-up while a job does not end", async () => {
  const { events, perform } = setUp({ finish: async () => ["jobs"] });
  expect(await perform()).toEqual({ note: "left: jobs" });
  expect(events.at(-1)).toEqual(["handed on", "tx", deletionId, 30_000]);
  expect(events).not.toContainEqual(goodbye);
});

test("hands on after ten minutes", async () => {
  let minutes = 0;
  const clock = { now: () => minutes * 60_000, sleep: async () => void minutes++ };
  const endless: PurgeStep = async () => ({ counts: { uploads: 1 }, next: "more" });
  const { events, perform } = setUp({ clock, steps: () => [endless] });
  expect(await perform()).toEqual({ uploads: 9, note: "stopped early: it ran for 10 minutes" });
  expect(events).toEqual([["handed on", "tx", deletionId, 30_000]]);
});

test("ends although the database is always busy", async () => {
  const { events, perform } = setUp({
    findLoad: async () => "99 statements are active",
    steps: () => [rowsOf("uploads", 20)],
  });
  expect(await perform()).toEqual({ uploads: 20 });
  expect(events).toEqual(["finished", goodbye]);
});

test("an error of the end is not taken for something that is left", async () => {
  const { perform } = setUp({ finish: () => Promise.reject(new Error("connection lost")) });
  await expect(perform()).rejects.toThrow("connection lost");
});
