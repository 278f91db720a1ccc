import { beforeEach, describe, expect, it } from "vitest";
import {
  after,
  changesOf,
  createJobData,
  createLines,
  ids,
  jobView,
  linksIn,
  markdownOf,
  pageModel,
  type JobView,
  type Lines,
} from "../../test/support/watch/page.ts";

const published = jobView({ phase: "queued", state: "PUBLISHED", publishedAt: after(12) });
const done = jobView({
  ...{ ...published, state: "COMPLETED", phase: "done", startedAt: after(30), startedBy: ids.worker },
  finishedAt: after(80),
});

describe("the story", () => {
  const mine = new Set<string>();
  const model = { ...pageModel(10_000), mine, isMine: ({ id }: JobView) => mine.has(id) };
  let lines: Lines;
  const texts = () => lines.all().map(({ text }) => text);
  const kinds = () => lines.all().map(({ kind }) => kind);
  const apply = (kind: string, ...jobs: { before?: JobView; after: JobView }[]) => {
    for (const change of jobs) model.jobs.set(change.after.id, change.after);
    return lines.apply({ kind, jobs });
  };

  beforeEach(() => {
    mine.clear();
    model.jobs.clear();
    lines = createLines(model);
  });

  it("shows the whole life of an own job, also after a reload", () => {
    mine.add(ids.job);
    apply("snapshot", { after: done });
    expect(kinds()).toEqual(["committed", "published", "started", "done"]);
  });

  it("shows each step once, however often its row arrives", () => {
    mine.add(ids.job);
    apply("snapshot", { after: published });
    apply("snapshot", { after: { ...published } });
    apply("tick", { before: published, after: done });
    expect(kinds()).toEqual(["committed", "published", "started", "done"]);
  });

  it("leaves out what others did before the page was opened", () => {
    apply("snapshot", { after: done });
    expect(texts()).toEqual([]);
    apply("tick", { before: published, after: done });
    expect(kinds()).toEqual(["started", "done"]);
  });

  it("shows a job again as an own one when the response says that it is", () => {
    apply("tick", { after: jobView() });
    mine.add(ids.job);
    apply("follow");
    expect(lines.all().map(({ mine: own }) => own)).toEqual([true]);
  });

  it("puts a request before what it committed, although its answer came later", () => {
    mine.add(ids.job);
    apply("tick", { after: published });
    lines.add({ at: Date.parse(after(-5)), text: "POST /v1/signup was answered 202 in 20 ms." });
    expect(texts()[0]).toContain("POST /v1/signup");
  });

  it("merges what others do above 20 sentences a second, and keeps own jobs whole", () => {
    mine.add(ids.job);
    const others = Array.from({ length: 30 }, (_, index) => jobView({ id: `other-${index}` }));
    apply("tick", ...others.map((job) => ({ after: job })), { after: published });
    const merged = lines.all().filter(({ isMerged }) => isMerged);
    expect(merged.map(({ text }) => text)).toEqual(["10 email jobs committed in this second."]);
    expect(lines.all()).toHaveLength(20 + 1 + 2);
  });

  it("counts a flood, without a sentence for each job", () => {
    const flood = Array.from({ length: 500 }, (_, index) => jobView({ ...done, id: `other-${index}` }));
    apply("tick", ...flood.map((job) => ({ before: published, after: job })));
    expect(texts()).toEqual(["500 email jobs done in this second."]);
  });

  it("does not count rows that a new connection sends again", () => {
    const many = Array.from({ length: 100 }, (_, index) => jobView({ ...done, id: `other-${index}` }));
    apply("snapshot", ...many.map((job) => ({ before: job, after: { ...job } })));
    expect(texts()).toEqual([]);
  });

  it("keeps 300 lines", () => {
    for (let index = 0; index < 310; index += 1) lines.add({ at: index, text: String(index) });
    expect(texts()).toHaveLength(300);
    expect(texts()[0]).toBe("10");
  });

  it("says which columns changed", () => {
    expect(changesOf(jobView(), published)).toEqual([
      { column: "state", from: "PENDING", to: "PUBLISHED" },
      { column: "publishedAt", from: "NULL", to: after(12) },
    ]);
  });

  it("can be copied as Markdown", () => {
    lines.add({ at: 1, text: "It happened.", why: "Because.", source: "a.ts#b" });
    expect(markdownOf(lines.all(), String)).toBe("- `1` It happened.  \n  Because. (`a.ts#b`)");
  });
});

describe("the selected job", () => {
  const create = () => {
    const loads: string[] = [];
    const listeners: ((change: { jobs: { after: JobView }[] }) => void)[] = [];
    const timers: (() => unknown)[] = [];
    const shown: { job?: JobView; problem?: string }[] = [];
    const found = new Map<string, object>([
      [
        ids.job,
        {
          job: jobView({ payload: { whole: true } }),
          related: [jobView(), jobView({ id: "child" })],
          total: 2,
        },
      ],
    ]);
    const data = createJobData(
      {
        model: { jobs: new Map(), subscribe: (listener) => listeners.push(listener) },
        later: (work) => timers.push(work),
        load: async (id) => (loads.push(id), found.get(id) ?? { problem: "This job is not in the ledger." }),
      },
      (facts) => shown.push(facts),
    );
    const change = (job: JobView) => listeners.forEach((listener) => listener({ jobs: [{ after: job }] }));
    return { data, loads, timers, shown, change };
  };

  it("is loaded whole, and again once when several of its jobs have changed", async () => {
    const { data, loads, timers, shown, change } = create();
    data.select(ids.job);
    await expect.poll(() => shown.at(-1)?.job?.payload).toEqual({ whole: true });
    change(jobView({ phase: "running" }));
    change(jobView({ id: "new", causeId: "child" }));
    change(jobView({ id: "foreign" }));
    expect(timers).toHaveLength(1);
    await timers[0]?.();
    expect(loads).toEqual([ids.job, ids.job]);
  });

  it("takes over a newer row, but no clipped part of it", async () => {
    const { data, shown, change } = create();
    data.select(ids.job);
    await expect.poll(() => shown.at(-1)?.job?.payload).toEqual({ whole: true });
    change(jobView({ phase: "running", payload: { clipped: "{…" } }));
    expect(shown.at(-1)?.job).toMatchObject({ phase: "running", payload: { whole: true } });
  });

  it("says when it is not in the ledger", async () => {
    const { data, shown } = create();
    data.select("gone");
    await expect.poll(() => shown.at(-1)?.problem).toBe("This job is not in the ledger.");
  });
});

it("finds the links of a mail, each once", () => {
  const text =
    "Verify: http://localhost:3000/verify-email#tok-1.x\nor http://localhost:3000/verify-email#tok-1.x (again)";
  expect(linksIn({ text })).toEqual([
    {
      ...{ href: "http://localhost:3000/verify-email#tok-1.x", page: "verify-email", token: "tok-1.x" },
      label: "Verify the address",
    },
  ]);
});
