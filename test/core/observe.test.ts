import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import {
  defineJob,
  defineWorker,
  PermanentError,
  ProviderError,
  RateLimitedError,
  startCore,
  type Run,
  type RunReport,
} from "../../workers/core/index.ts";
import { until } from "../../scripts/processes/until.ts";
import { type Core, createCore } from "../support/core/core.ts";

type Work = (run: Run<Tx>) => Promise<unknown>;

const works = new Map<string, Work>();
const act = defineJob({
  name: "act",
  payload: z.object({ work: z.string() }),
  attempts: 2,
  backoff: { delay: 50 },
  timeout: 200,
});

let core: Core;
let running: { close(grace: number): Promise<void> };
const reports: RunReport[] = [];
const logged: Record<string, unknown>[] = [];
beforeAll(async () => {
  core = await createCore();
  const info = (fields: object) => void logged.push({ ...fields });
  const started = startCore<Tx>({
    database: core.database.jobs,
    broker: core.broker,
    log: { info, warn: () => {}, error: info },
    workers: [defineWorker(act, async ({ work }, run) => works.get(work)?.(run))],
    observe: (report) => {
      reports.push(report);
      throw new Error("the observer failed");
    },
  });
  running = started;
  await started.working;
});
afterAll(async () => {
  await running.close(0);
  await core[Symbol.asyncDispose]();
});

const enqueueWork = (work: string): Promise<string> =>
  core.jobs.transaction(({ enqueue }) => enqueue(act, { work }));

/** What the observer received about a job, in the order of its runs. */
const reportsOf = (id: string, count: number) =>
  until(`${count} reports`, () => {
    const found = reports.filter((report) => report.id === id);
    return found.length === count && found;
  });

const failsOnce = (error: Error): Work => {
  let first = true;
  return async () => {
    if (!first) return;
    first = false;
    throw error;
  };
};

test.for([
  ["ours", new TypeError("x is undefined"), "retry"],
  ["provider", new ProviderError("the provider responded with 500"), "retry"],
  ["rate-limited", new RateLimitedError(20), "released"],
] as const)(
  "a run that ends with an error of kind %s is reported, and so is the next run",
  async ([kind, error, outcome]) => {
    works.set(kind, failsOnce(error));
    const id = await enqueueWork(kind);
    const [first, second] = await reportsOf(id, 2);
    expect(first).toMatchObject({ job: "act", attempt: 1, outcome, kind, delay: expect.any(Number) });
    expect(first?.error).toContain(error.message);
    expect(second).toMatchObject({ outcome: "completed", attempt: outcome === "retry" ? 2 : 1 });
    expect(second).not.toHaveProperty("kind");
  },
);

test("a permanent error and a timeout are reported with their kinds", async () => {
  works.set("wrong", () => Promise.reject(new PermanentError("no such user")));
  works.set("slow", (run) => sleep(60_000, undefined, { signal: run.signal }));
  expect(await reportsOf(await enqueueWork("wrong"), 1)).toMatchObject([
    { outcome: "failed", kind: "permanent" },
  ]);
  const slow = await enqueueWork("slow");
  expect(await reportsOf(slow, 2)).toMatchObject([
    { outcome: "retry", kind: "timeout" },
    { outcome: "failed", kind: "timeout" },
  ]);
  expect((await core.row(slow)).history).toMatchObject([{ kind: "timeout" }, { kind: "timeout" }]);
});

test("a crash is reported by the run that finds it, and does not count as an attempt", async () => {
  works.set("after a crash", async () => "done");
  const id = await core.jobs.transaction(({ enqueue }) =>
    enqueue(act, { work: "after a crash" }, { delay: 300 }),
  );
  await core.sql(
    `UPDATE "Job" SET "startedAt" = now() - interval '2 seconds', "startedBy" = 'a dead process' WHERE id = $1::uuid`,
    [id],
  );
  const [crash, run] = await reportsOf(id, 2);
  expect(crash).toMatchObject({ outcome: "crashed", kind: "crashed", attempt: 1 });
  expect(crash?.runMs).toBeGreaterThanOrEqual(2_000);
  expect(run).toMatchObject({ outcome: "completed", attempt: 1 });
});

test("a job that crashes too often is reported as crashed", async () => {
  works.set("poison", async () => "never");
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(act, { work: "poison" }, { delay: 300 }));
  await core.sql(`UPDATE "Job" SET crashes = 3 WHERE id = $1::uuid`, [id]);
  expect(await reportsOf(id, 1)).toMatchObject([{ outcome: "failed", kind: "crashed" }]);
});

test("wait time and run time are measured separately", async () => {
  works.set("short", () => sleep(100));
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(act, { work: "short" }, { delay: 500 }));
  const [report] = await reportsOf(id, 1);
  // The delay is not wait time, because the job was not due.
  expect(report?.waitMs).toBeGreaterThanOrEqual(0);
  expect(report?.waitMs).toBeLessThan(Date.now() - Number(parseInt(id.slice(0, 8) + id.slice(9, 13), 16)));
  expect(report?.runMs).toBeGreaterThanOrEqual(99);
});

test("each run writes one log line, even if an observer throws", async () => {
  works.set("logged", async () => "done");
  const id = await enqueueWork("logged");
  await reportsOf(id, 1);
  const lines = logged.filter((fields) => fields["id"] === id);
  expect(lines).toMatchObject([{ job: "act", attempt: 1, outcome: "completed", ms: expect.any(Number) }]);
  expect(await core.reaches(id, "COMPLETED")).toMatchObject({ attempt: 0 });
});
