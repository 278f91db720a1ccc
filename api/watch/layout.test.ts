import { describe, expect, it } from "vitest";
import {
  after,
  forestOf,
  countsOf,
  frameAt,
  framesOf,
  ids,
  isSkipped,
  jobView,
  layoutForest,
  layoutTimeline,
  pageModel,
  placeOf,
  START,
  type JobView,
} from "../../test/support/watch/page.ts";

const retry = (from: number, to: number, next: number) =>
  ({
    startedAt: after(from),
    endedAt: after(to),
    by: ids.worker,
    outcome: "retry",
    kind: "provider",
    retryAt: after(next),
  }) as const;
const retried = jobView({
  ...{ state: "COMPLETED", phase: "done", attempt: 2, publishedAt: after(10), finishedAt: after(3_600) },
  ...{ startedAt: after(3_400), startedBy: ids.other },
  history: [retry(100, 300, 1_300), retry(1_400, 1_500, 3_300)],
});

describe("a timeline", () => {
  it("has a bar for each wait, run and backoff, without gaps", () => {
    const { bars } = layoutTimeline(retried, { now: START + 9_000 });
    expect(bars.map(({ kind }) => kind)).toEqual([
      "wait",
      "run",
      "backoff",
      "wait",
      "run",
      "backoff",
      "wait",
      "run",
    ]);
    expect(bars.slice(1).map(({ from }) => from)).toEqual(bars.slice(0, -1).map(({ to }) => to));
    expect(bars[0]?.from).toBe(START);
    expect(bars.at(-1)?.to).toBe(START + 3_600);
    expect(bars.filter(({ kind }) => kind === "run").map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(bars.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(1);
  });

  it("folds what is longer than 30 % of all, until it is unfolded", () => {
    const folded = layoutTimeline(retried, { now: START });
    expect(
      folded.bars.filter(({ isFolded }) => isFolded).map(({ kind, from }) => [kind, from - START]),
    ).toEqual([["backoff", 1_500]]);
    const open = layoutTimeline(retried, { now: START, unfolded: new Set([5]) });
    expect(open.bars.some(({ isFolded }) => isFolded)).toBe(false);
    expect(open.bars[5]?.width).toBeGreaterThan(0.3);
  });

  it("shows the current run until now, and a retry until it is due", () => {
    const running = jobView({
      state: "PUBLISHED",
      phase: "running",
      startedAt: after(50),
      startedBy: ids.worker,
    });
    expect(layoutTimeline(running, { now: START + 200 }).to).toBe(START + 200);
    const again = jobView({
      ...retried,
      state: "PUBLISHED",
      phase: "again",
      startedAt: null,
      finishedAt: null,
    });
    expect(layoutTimeline(again, { now: START + 2_000 }).bars.at(-1)).toMatchObject({
      kind: "backoff",
      to: START + 3_300,
    });
    expect(layoutTimeline(again, { now: START + 4_000 }).bars.at(-1)).toMatchObject({
      kind: "wait",
      to: START + 4_000,
    });
  });

  it("shows a crash, entries that are gone, and later publications", () => {
    const crashed = jobView({
      ...{
        state: "PUBLISHED",
        phase: "queued",
        epoch: 2,
        crashes: 4,
        earlier: 3,
        publishedAt: after(50_100),
      },
      history: [{ startedAt: after(40_000), endedAt: after(50_000), by: ids.worker, outcome: "crashed" }],
    });
    const { bars, marks } = layoutTimeline(crashed, { now: START + 51_000 });
    expect(bars.map(({ kind }) => kind)).toEqual(["earlier", "crash", "wait"]);
    expect(marks).toMatchObject([{ epoch: 2, at: START + 50_100 }]);
    expect(marks[0]?.x).toBe(placeOf(bars, START + 50_100));
  });

  it("says what a job that has not run waits for", () => {
    const kinds = (job: JobView) => layoutTimeline(job, { now: START + 500 }).bars.map(({ kind }) => kind);
    expect(kinds(jobView({ state: "WAITING", phase: "children", children: 2, openChildren: 2 }))).toEqual([
      "children",
    ]);
    expect(kinds(jobView({ state: "WAITING", phase: "turn", orderKey: "u" }))).toEqual(["turn"]);
    expect(kinds(jobView({ readyAt: after(900), phase: "scheduled" }))).toEqual(["delay"]);
    expect(kinds(jobView())).toEqual(["wait"]);
  });
});

const flow = (facts: Partial<JobView>[]) => facts.map((each) => jobView({ rootId: "a1", ...each }));
const video = flow([
  { id: "a1", name: "video-package", payload: {}, children: 2 },
  { id: "a2", name: "video-encode", parentId: "a1", onFailure: "fail-parent" },
  { id: "a3", name: "video-encode", parentId: "a1", onFailure: "fail-parent" },
  { id: "b1", name: "video-publish", rootId: "b1", causeId: "a1", payload: {} },
  { id: "b2", name: "image-resize", rootId: "b1", parentId: "b1", causeId: "a1", onFailure: "continue" },
  {
    id: "b3",
    name: "video-thumbnails",
    rootId: "b1",
    parentId: "b2",
    causeId: "a1",
    onFailure: "fail-parent",
  },
  { id: "b4", name: "video-transcribe", rootId: "b1", parentId: "b1", causeId: "a1", onFailure: "continue" },
]);

describe("a tree", () => {
  it("joins the trees that one led to, leaves first from left to right", () => {
    const trees = forestOf(video);
    expect(trees).toHaveLength(1);
    const { nodes, edges, columns, rows } = layoutForest(trees);
    const cell = Object.fromEntries(nodes.map(({ node, column, row }) => [node.job?.id, [column, row]]));
    expect(cell).toMatchObject({
      a2: [0, 0],
      a3: [0, 1],
      a1: [1, 0.5],
      b3: [2, 0],
      b2: [3, 0],
      b4: [2, 1],
      b1: [4, 0.5],
    });
    expect([columns, rows]).toEqual([5, 2]);
    expect(
      edges
        .filter(({ kind }) => kind === "follow")
        .map(({ from, to }) => [from.node.job?.id, to.node.job?.id]),
    ).toEqual([
      ["a1", "b3"],
      ["a1", "b4"],
    ]);
    expect(edges.filter(({ kind, onFailure }) => kind === "child" && onFailure === "continue")).toHaveLength(
      2,
    );
  });

  it("places no two nodes in one cell", () => {
    const two = [
      ...video,
      ...flow([
        { id: "c1", rootId: null, causeId: "b1" },
        { id: "c2", rootId: null, causeId: "b1" },
        { id: "c3", rootId: null, causeId: "a2" },
      ]),
    ];
    const { nodes } = layoutForest(forestOf(two));
    expect(new Set(nodes.map(({ column, row }) => `${column}/${row}`)).size).toBe(10);
  });

  it("groups more than 12 siblings, and keeps dead and running ones visible", () => {
    const many = Array.from({ length: 200 }, (_, index): Partial<JobView> => {
      if (index < 2) return { phase: "dead" };
      return { phase: index < 10 ? "running" : "done" };
    }).map((facts, index) => ({ ...facts, id: `a${1_000 + index}`, parentId: "a1" }));
    const [tree] = forestOf(flow([{ id: "a1" }, ...many]));
    const children = tree?.root.children ?? [];
    expect(children).toHaveLength(11);
    expect(children.filter(({ job }) => job?.phase === "dead")).toHaveLength(2);
    expect(countsOf(children.at(-1)?.all ?? [])).toBe("190 done · 8 running · 2 dead");
  });

  it("makes jobs whose parent is gone roots", () => {
    expect(forestOf(flow([{ id: "x", parentId: "gone" }]))).toHaveLength(1);
  });

  it("knows a job that was not needed", () => {
    expect(isSkipped(jobView({ phase: "done", result: "skipped: the source is smaller" }))).toBe(true);
    expect(isSkipped(jobView({ phase: "done", result: { bytes: 3 } }))).toBe(false);
  });
});

describe("a replay", () => {
  const frames = framesOf(retried, { model: pageModel(9_000) });

  it("has a frame for each moment of the row, with the job's station", () => {
    expect(frames.map(({ station }) => station)).toEqual([
      ...["committed", "queued", "running", "again", "running", "again", "running", "ended"],
    ]);
  });

  it("shows each step at least half a second, and shortens long waits", () => {
    for (const { start, end } of frames) {
      expect(end - start).toBeGreaterThanOrEqual(500);
      expect(end - start).toBeLessThanOrEqual(3_000);
    }
  });

  it("moves from moment to moment", () => {
    expect(frameAt(frames, 0)).toMatchObject({ index: 0, at: START });
    const third = frames[3];
    expect(frameAt(frames, ((third?.start ?? 0) + (third?.end ?? 0)) / 2)).toMatchObject({
      index: 3,
      at: START + 850,
    });
    expect(frameAt(frames, 1e9)).toMatchObject({ index: frames.length - 1, at: START + 3_600 });
  });
});
