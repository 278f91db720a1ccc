import { expect, test } from "vitest";
import type { JobJson } from "./job-view.ts";
import type { Content } from "./ledger-read.ts";
import { Shown } from "./shown.ts";

const job = (id: string, rest: Partial<JobJson> = {}, why = 1) =>
  ({
    id,
    state: "PENDING",
    phase: "committed",
    history: [],
    error: null,
    ...times,
    ...rest,
    why,
  }) as unknown as Content["jobs"][number];
const at = "2026-12-01T00:00:00Z";
const times = { createdAt: at, dueAt: at, readyAt: at, publishedAt: null, startedAt: null, finishedAt: null };
const reading = (jobs: Content["jobs"], reasons: Content["reasons"] = []): Content => ({
  ...{ groups: [], dead: [], kinds: [], workers: [], batches: [], schedules: [] },
  ...{ jobs, reasons },
});
const idsOf = ({ jobs }: { jobs: string[] }) => jobs.map((text) => (JSON.parse(text) as { id: string }).id);
const PLENTY = 1_000_000;

test("an unchanged job is not sent again", () => {
  const shown = new Shown();
  expect(idsOf(shown.apply(reading([job("a")]), PLENTY))).toEqual(["a"]);
  expect(shown.apply(reading([job("a")], [1]), PLENTY)).toEqual({ jobs: [], gone: [] });
  expect(idsOf(shown.apply(reading([job("a", { priority: 1 })], [1]), PLENTY))).toEqual(["a"]);
});

test("an open job stays shown when it is no longer chosen, until it ends", () => {
  const shown = new Shown();
  shown.apply(reading([job("a")]), PLENTY);
  expect(shown.apply(reading([], [0]), PLENTY)).toEqual({ jobs: [], gone: [] });
  expect(shown.ids).toEqual(["a"]);
  const ended = shown.apply(reading([job("a", { state: "COMPLETED" }, 0)], [0]), PLENTY);
  expect(idsOf(ended)).toEqual(["a"]);
  expect(ended.gone).toEqual([]);
  expect(shown.ids).toEqual([]);
});

test("a job in the dead letter stays shown, because it can be replayed", () => {
  const shown = new Shown();
  shown.apply(reading([job("a", { state: "FAILED" })]), PLENTY);
  shown.apply(reading([], [0]), PLENTY);
  expect(shown.ids).toEqual(["a"]);
});

test("of many jobs that are no longer chosen, those that are shown longest are gone", () => {
  const shown = new Shown();
  const ids = Array.from({ length: 200 }, (_, index) => `${index}`);
  shown.apply(reading(ids.map((id) => job(id))), PLENTY);
  const { gone } = shown.apply(
    reading(
      [],
      ids.map(() => 0),
    ),
    PLENTY,
  );
  expect(gone).toEqual(ids.slice(0, 50));
  expect(shown.ids).toEqual(ids.slice(50));
});

test("a deleted job is gone", () => {
  const shown = new Shown();
  shown.apply(reading([job("a"), job("b")]), PLENTY);
  expect(shown.apply(reading([], [null, 1]), PLENTY)).toEqual({ jobs: [], gone: ["a"] });
});

test("changes of shown jobs go before new ones; what does not fit is gone, or not shown yet", () => {
  const shown = new Shown();
  const { jobs } = shown.apply(reading([job("a"), job("b")]), PLENTY);
  const room = jobs[0]!.length + 20;
  const changed = [job("c"), job("a", { priority: 1 }), job("b", { priority: 1 })];
  const change = shown.apply(reading(changed, [1, 1]), room);
  expect(idsOf(change)).toEqual(["a"]);
  expect(change.gone).toEqual(["b"]);
  expect(shown.ids).toEqual(["a"]);
  // They are read again, as they are not among the shown.
  expect(idsOf(shown.apply(reading([job("b", { priority: 1 }), job("c")], [1]), PLENTY))).toEqual(["b", "c"]);
});

test("followed jobs are sent first, and always", () => {
  const shown = new Shown();
  const change = shown.apply(reading([job("a"), job("b", {}, 8)]), 0);
  expect(idsOf(change)).toEqual(["b"]);
});
