import { expect, it } from "vitest";
import {
  after,
  ids,
  jobView,
  pageModel,
  START,
  why,
  type JobView,
  type PageModel,
} from "../../test/support/watch/page.ts";

const reason = (job: JobView, ms = 1_000, facts: Partial<PageModel> = {}) =>
  why(job, { model: pageModel(ms, facts) });

const queued = jobView({ state: "PUBLISHED", phase: "queued", publishedAt: after(10) });
const running = jobView({ ...queued, phase: "running", startedAt: after(20), startedBy: ids.worker });
const workers = (seen: number, queue: unknown = { slots: 10, running: 2 }) => [
  { id: ids.worker, seenAt: after(seen), alive: true, about: { queues: { email: queue } } },
];

it("says when a delayed job is due, and until when it counts down", () => {
  const late = jobView({ phase: "scheduled", readyAt: after(60_000) });
  expect(reason(late)).toMatchObject({ until: START + 60_000 });
  expect(reason(late, 61_000)?.until).toBeUndefined();
});

it("says that the broker is away only after a while", () => {
  expect(reason(jobView(), 300)?.text).toContain("within 250 ms");
  expect(reason(jobView(), 3_000)?.text).toContain("the broker is away");
  expect(reason(jobView({ batchId: "b" }), 3_000)?.text).toContain("about 1,000 jobs of batches");
  expect(reason(jobView({ publishTries: 2 }), 3_000)?.text).toContain("refused it 2 times");
});

it("says that the broker was emptied, until the job is published again", () => {
  const breaks = { paused: [], brokerEmptiedAt: after(500) };
  expect(reason(queued, 1_000, { breaks })).toEqual({
    text: "The broker was emptied and does not know it. The sweep looks every 5 s and publishes it again.",
    until: START + 5_500,
  });
  const found = jobView({ ...queued, publishedAt: after(600) });
  expect(reason(found, 1_000, { breaks })?.text).toContain("in line");
});

it("says that the queue is paused", () => {
  expect(reason(queued, 1_000, { breaks: { paused: ["email"], brokerEmptiedAt: null } })?.text).toContain(
    "is paused",
  );
  expect(
    reason(queued, 1_000, { breaks: { paused: ["push-notify"], brokerEmptiedAt: null } })?.text,
  ).not.toContain("paused");
});

it("says that no living worker serves the queue", () => {
  expect(reason(queued, 1_000, { workers: [] })?.text).toContain("No living worker serves the queue email");
  const dead = workers(0).map((worker) => ({ ...worker, alive: false }));
  expect(reason(queued, 1_000, { workers: dead })?.text).toContain("No living worker");
});

it("says how long a worker has been silent, and when it counts as dead", () => {
  expect(reason(running, 5_000, { workers: workers(4_000) })?.text).toBe("Worker 4123 runs attempt 1 of 90.");
  expect(reason(running, 7_500, { workers: workers(0) })).toEqual({
    text: "Worker 4123 has been silent for 7 s. At 10 s it counts as dead.",
    until: START + 10_000,
  });
  expect(reason(running, 10_000, { workers: workers(0) })?.text).toContain("counts as dead. Another worker");
});

it("counts down to a retry, never below zero", () => {
  const again = jobView({ ...queued, phase: "again", attempt: 1, retryAt: after(3_000) });
  expect(reason(again, 1_000)).toMatchObject({ until: START + 3_000 });
  expect(reason(again, 3_001)).toEqual({ text: "It is due, and waits for a free slot." });
});

it("says how many children are open", () => {
  const parent = jobView({ state: "WAITING", phase: "children", openChildren: 3, children: 4 });
  expect(reason(parent)?.text).toBe("It waits for 3 of 4 children.");
});

it("names the job that has its ordering key", () => {
  const first = jobView({ ...running, id: "1", orderKey: "u" });
  const second = jobView({ id: "2", state: "WAITING", phase: "turn", orderKey: "u" });
  const third = jobView({ ...second, id: "3" });
  const jobs = new Map([first, second, third].map((job) => [job.id, job]));
  expect(reason(third, 1_000, { jobs })?.text).toBe(
    "It waits for its turn behind email verification (running) with the same ordering key, and 1 other before it.",
  );
  expect(reason(third)?.text).toContain("one job at a time");
});

it("names the provider's limit, and the place in line", () => {
  const lanes = [{ name: "email", queued: 400 }];
  expect(reason(queued, 1_000, { lanes })?.text).toBe(
    "The provider's limit: 14 a second. It is one of 400 jobs in line.",
  );
  const sample = [1, 2, 3, 4, 5].map((number) => jobView({ ...queued, id: `${number}` }));
  const jobs = new Map(sample.map((job) => [job.id, job]));
  expect(reason(jobView({ ...queued, id: "35" }), 1_000, { lanes, jobs })?.text).toContain(
    "about 241st in line",
  );
  const limited = {
    startedAt: after(20),
    endedAt: after(30),
    outcome: "limited",
    retryAt: after(2_030),
  } as const;
  expect(reason(jobView({ ...queued, readyAt: after(2_030), history: [limited] }))).toMatchObject({
    until: START + 2_030,
  });
});

it("says that all slots are busy", () => {
  const busy = workers(500, { slots: 10, running: 10 });
  expect(reason(queued, 1_000, { workers: busy })?.text).toBe(
    "All 10 slots of 1 worker are busy. It is 1st in line.",
  );
});

it("gives the place in line, priority first", () => {
  const urgent = jobView({ ...queued, id: "9" });
  const other = jobView({ ...queued, id: "1", priority: 10 });
  const jobs = new Map([urgent, other].map((job) => [job.id, job]));
  const lanes = [{ name: "email", queued: 2 }];
  expect(reason(urgent, 1_000, { jobs, lanes })?.text).toBe("It is 1st in line.");
  expect(reason(other, 1_000, { jobs, lanes })?.text).toBe("It is 2nd in line.");
});

it("gives no reason for a job that has ended", () => {
  expect(reason(jobView({ state: "COMPLETED", phase: "done" }))).toBeUndefined();
});
