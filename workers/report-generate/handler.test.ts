import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { ReportContent, RenderReport, TaskRow } from "./content.ts";
import type { RequestedReport } from "./data.ts";
import { generateReport, type Deps } from "./handler.ts";
import { reportGenerate } from "./job.ts";

const reportId = "01932b5e-0000-7000-8000-000000000001";
const userId = "01932b5e-0000-7000-8000-000000000002";

const week: RequestedReport = {
  id: reportId,
  userId,
  requestedBy: "Ada",
  project: { id: "01932b5e-0000-7000-8000-000000000003", name: "Rocket" },
  kind: "WEEK",
  firstDay: "2026-11-16",
  lastDay: "2026-11-22",
  zone: "Europe/Warsaw",
  sprint: null,
  previousSprint: null,
};
const sprint: RequestedReport = {
  ...week,
  kind: "SPRINT",
  firstDay: "2026-11-16",
  lastDay: "2026-11-19",
  sprint: { id: "s12", name: "Sprint 12", firstDay: "2026-11-16", lastDay: "2026-11-19" },
  previousSprint: { id: "s11", name: "Sprint 11", firstDay: "2026-11-12", lastDay: "2026-11-15" },
};

const row: TaskRow = {
  ...{ title: "Fuel", state: "DONE", assignee: null, dueOn: null, completedAt: null, estimate: 3 },
  url: "https://app.example/projects#1/2",
};

/** Writes one line per row. */
const renderLines: RenderReport = (content, rows, { signal, progress }) => {
  const lines = async function* () {
    for await (const batch of rows("done", signal)) {
      progress(batch.length);
      for (const { title } of batch) yield Buffer.from(`${content.project} ${title}\n`);
    }
  };
  return { pdf: Readable.from(lines(), { objectMode: false }), pages: Promise.resolve(3) };
};

test("stores the PDF and makes the report ready in the completion", async () => {
  const { outcome, files, published, completions, progress } = await perform();
  expect(outcome).toEqual({ pages: 3, bytes: 24 });
  expect(files).toEqual({ [reportId]: "Rocket Fuel\nRocket Fuel\n" });
  expect(published).toEqual([[reportId, { pages: 3, bytes: 24 }]]);
  expect([completions, progress]).toEqual([1, [1]]);
});

test("a report that is deleted while it is drawn leaves no file", async () => {
  const { outcome, files, completions } = await perform({ publish: async () => "gone" });
  expect(outcome).toBe("skipped: the report was deleted, or its user left the project");
  expect([files, completions]).toEqual([{}, 0]);
});

test("draws nothing for a report that no longer exists", async () => {
  const { outcome, files } = await perform({ findReport: async () => ({ skip: "the report was deleted" }) });
  expect([outcome, files]).toEqual(["skipped: the report was deleted", {}]);
});

test("tells the user why a report cannot be made", async () => {
  const problem = "The sprint was deleted.";
  const { outcome, failed, files } = await perform({
    findReport: async () => ({ reject: problem, reportId }),
  });
  expect(outcome).toBe(`failed: ${problem}`);
  expect([failed, files]).toEqual([[[reportId, problem]], {}]);
});

test("an error of the renderer or the storage is retried, and publishes nothing", async () => {
  const render: RenderReport = (...args) => {
    const pages = Promise.reject(new Error("the thread died"));
    return { ...renderLines(...args), pages };
  };
  const write = () => Promise.reject(new Error("the storage is unavailable"));
  for (const deps of [{ render }, { write }]) {
    const { error, published } = await perform(deps);
    expect([String(error), published]).toEqual([expect.stringMatching(/thread died|unavailable/), []]);
  }
});

test("compares a week with the week before, and draws its throughput", async () => {
  const { content, figureCalls } = await perform();
  expect(content).toMatchObject({
    period: { label: "Week 47, 16 to 22 November 2026", previousLabel: "Week 46, 9 to 15 November 2026" },
    figures: { done: { now: 1, before: 2 }, cycleTime: { now: 1, before: 2 } },
    people: [{ name: "Ada" }, { name: "Unassigned" }],
    links: { project: `https://app.example/projects#${week.project.id}` },
  });
  expect(content?.chart).toMatchObject({
    kind: "throughput",
    buckets: Array(7).fill({ done: 1, opened: 2 }),
  });
  expect(figureCalls).toEqual([
    [null, "2026-11-15T23:00:00.000Z"],
    [null, "2026-11-08T23:00:00.000Z"],
  ]);
});

test("compares a sprint with the sprint before, and draws its burn-down", async () => {
  const { content, figureCalls } = await perform({ findReport: async () => sprint });
  expect(content?.period).toMatchObject({
    label: "Sprint 12, 16 to 19 November 2026",
    previousLabel: "Sprint 11, 12 to 15 November 2026",
  });
  // A part of the sprint was planned on its first day: the ideal line starts from the whole.
  expect(content?.chart).toEqual({
    kind: "burn-down",
    unit: "points",
    days: [
      { day: "2026-11-16", remaining: 8, ideal: 6 },
      { day: "2026-11-17", remaining: 8, ideal: 4 },
      { day: "2026-11-18", remaining: 3, ideal: 2 },
      { day: "2026-11-19", remaining: 0, ideal: 0 },
    ],
  });
  expect(figureCalls).toEqual([
    ["s12", "2026-11-15T23:00:00.000Z"],
    ["s11", "2026-11-11T23:00:00.000Z"],
  ]);
});

test("the first sprint has nothing to compare with, and the days ahead have no remaining work", async () => {
  const far = { firstDay: "2200-01-01", lastDay: "2200-01-02" };
  const { content } = await perform({
    findReport: async () => ({ ...sprint, ...far, previousSprint: null }),
  });
  expect(content?.period.previousLabel).toBe("");
  expect(content?.figures.done).toEqual({ now: 1, before: null });
  expect(content?.chart).toMatchObject({ days: [{ remaining: 8 }, { remaining: null }] });
});

const perform = async (more: Partial<Deps<null>> = {}) => {
  const files: Record<string, string> = {};
  const published: unknown[] = [];
  const failed: unknown[] = [];
  const progress: unknown[] = [];
  const figureCalls: unknown[] = [];
  let content: ReportContent | undefined;
  let completions = 0;
  const render = more.render ?? renderLines;
  const deps: Deps<null> = {
    findReport: async () => week,
    data: {
      readFigures: async ({ sprintId }, { start }) => {
        const value = figureCalls.push([sprintId, start.toISOString()]);
        return { done: value, opened: value, overdue: value, cycleTime: value };
      },
      readThroughput: async (_scope, _start, ends) => ends.map(() => ({ done: 1, opened: 2 })),
      readRemaining: async (_sprintId, instants) =>
        [5, 8, 8, 3, 0].slice(0, instants.length).map((points) => ({ points, tasks: points })),
      readPeople: async () =>
        ["Ada", null].map((name) => ({ name, done: 1, doing: 1, overdue: 0, points: 3 })),
      countRows: async () => ({ done: 2, pending: 0, overdue: 0 }),
      readRows: async function* () {
        yield [row, row];
      },
    },
    write: async (id, pdf) => void (files[id] = await text(pdf)),
    remove: async (id) => void delete files[id],
    publish: async (_tx, { id }, pdf) => {
      published.push([id, pdf]);
      return "published";
    },
    fail: async (_tx, id, problem) => failed.push([id, problem]),
    projectUrl: (id) => `https://app.example/projects#${id}`,
    ...more,
    render: (each, ...rest) => render((content = each), ...rest),
  };
  const run = {
    ...{ id: "01932b5e-0000-7000-8000-000000000009", attempt: 1, signal: new AbortController().signal },
    progress: async (value: unknown) => void progress.push(value),
    enqueue: () => {},
    enqueueFlow: () => {},
    children: async () => [],
    complete: async <Result>(effect: (tx: null) => Promise<Result>) => {
      const result = await effect(null);
      completions++;
      return result;
    },
  };
  let error: unknown;
  const outcome = await generateReport(deps)(reportGenerate.payload.parse({ reportId }), run).catch(
    (thrown: unknown) => void (error = thrown),
  );
  return { outcome, error, files, published, failed, progress, figureCalls, content, completions };
};
