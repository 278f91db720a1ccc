import { describe, expect, it } from "vitest";
import { after, jobView } from "../../test/support/watch/page.ts";
import { type Change, createModel } from "../../test/support/watch/shell.ts";

const job = (id: string, facts = {}) => jobView({ id, ...facts });

const openModel = (options = {}) => {
  const clock = { elapsed: 0 };
  const model = createModel({ elapsed: () => clock.elapsed, ...options });
  const changes: Change[] = [];
  model.subscribe((change) => changes.push(change));
  return { model, changes, clock };
};

describe("messages", () => {
  it("keeps the jobs, lanes and queues of a snapshot", () => {
    const { model } = openModel();
    model.apply("snapshot", {
      at: after(0),
      jobs: [job("a")],
      lanes: [{ name: "email", queued: 3 }],
      queues: [{ name: "email", attempts: 90 }],
    });
    expect([...model.jobs.keys()]).toEqual(["a"]);
    expect(model.lanes).toEqual([{ name: "email", queued: 3 }]);
    expect(model.queues.get("email")?.attempts).toBe(90);
    expect(model.state).toBe("live");
  });

  it("changes with a tick only what it contains", () => {
    const { model, changes } = openModel();
    model.apply("snapshot", { at: after(0), jobs: [job("a"), job("b")], lanes: [{ name: "email" }] });
    model.apply("tick", { at: after(250), jobs: [job("b", { phase: "queued" })] });
    expect([...model.jobs.values()].map(({ phase }) => phase)).toEqual(["committed", "queued"]);
    expect(model.lanes).toHaveLength(1);
    expect(changes.at(-1)?.lanes).toBeUndefined();
    const [moved] = changes.at(-1)?.jobs ?? [];
    expect([moved?.before?.phase, moved?.after.phase]).toEqual(["committed", "queued"]);
  });

  it("forgets jobs that are gone, and reports their last state", () => {
    const { model, changes } = openModel();
    model.apply("snapshot", { at: after(0), jobs: [job("a"), job("b")] });
    model.apply("tick", { at: after(250), gone: ["a", "unknown"] });
    expect([...model.jobs.keys()]).toEqual(["b"]);
    expect(changes.at(-1)?.gone.map(({ id }) => id)).toEqual(["a"]);
  });

  it("forgets with a new snapshot what it does not contain, except own jobs that have ended", () => {
    const { model, changes } = openModel({ own: ["own-done", "own-open"] });
    const ended = { phase: "done" };
    model.apply("snapshot", {
      at: after(0),
      jobs: [job("own-done", ended), job("own-open"), job("other", ended), job("stays")],
    });
    model.apply("snapshot", { at: after(1_000), jobs: [job("stays", { phase: "queued" })] });
    expect([...model.jobs.keys()]).toEqual(["own-done", "stays"]);
    expect(changes.at(-1)?.gone.map(({ id }) => id)).toEqual(["own-open", "other"]);
    expect(changes.at(-1)?.jobs[0]?.before?.phase).toBe("committed");
  });

  it("is behind while it gets counts only, and stale while PostgreSQL cannot be read", () => {
    const { model } = openModel();
    model.apply("snapshot", { at: after(0) });
    model.apply("counts", { at: after(250), lanes: [] });
    expect(model.state).toBe("behind");
    model.apply("stale", { at: after(500), since: after(300) });
    expect([model.state, model.staleSince]).toEqual(["stale", Date.parse(after(300))]);
    model.apply("snapshot", { at: after(900) });
    expect(model.state).toBe("live");
  });

  it("holds a bounded number of ended jobs of others, and all that are dead, open or own", () => {
    const { model } = openModel({ own: ["own"] });
    const ended = Array.from({ length: 1_000 }, (_, index) => job(`done-${index}`, { phase: "done" }));
    model.apply("snapshot", {
      at: after(0),
      jobs: [job("own", { phase: "done" }), job("dead", { phase: "dead" }), job("open"), ...ended],
    });
    expect(model.jobs.size).toBeLessThan(200);
    for (const id of ["own", "dead", "open", "done-999"]) expect(model.jobs.has(id)).toBe(true);
  });
});

describe("clock", () => {
  it("is PostgreSQL's, whatever the time of day of the browser", () => {
    const { model, clock } = openModel();
    clock.elapsed = 5_000;
    model.apply("snapshot", { at: after(0) });
    clock.elapsed = 5_700;
    expect(model.now()).toBe(Date.parse(after(700)));
  });
});

describe("own jobs", () => {
  it("are those followed, and what they led to, in any order of arrival", () => {
    const { model } = openModel();
    model.apply("snapshot", {
      at: after(0),
      jobs: [
        job("caused", { causeId: "child" }),
        job("child", { rootId: "root", parentId: "root" }),
        job("root", { rootId: "root" }),
        job("other", { rootId: "elsewhere" }),
      ],
    });
    model.follow(["root"]);
    expect([...model.mine].toSorted()).toEqual(["caused", "child", "root"]);
    model.apply("tick", { at: after(1), jobs: [job("later", { causeId: "caused" })] });
    expect(model.isMine(job("later"))).toBe(true);
    expect(model.isMine(job("other"))).toBe(false);
  });

  it("are saved, the newest of them, and reported to listeners once", () => {
    const saved: string[][] = [];
    const { model, changes } = openModel({ own: ["first"], save: (ids: string[]) => saved.push(ids) });
    model.follow(["second", "first"]);
    model.follow(["second"]);
    expect(saved).toEqual([["first", "second"]]);
    expect(changes.map(({ kind, followed }) => [kind, followed])).toEqual([["follow", ["second"]]]);
    model.follow(Array.from({ length: 300 }, (_, index) => `job-${index}`));
    expect(model.own()).toHaveLength(200);
    expect(model.own().at(-1)).toBe("job-299");
  });
});

describe("pause", () => {
  it("holds changes back and merges them, while the model goes on", () => {
    const { model, changes } = openModel();
    model.apply("snapshot", { at: after(0), jobs: [job("a"), job("b")] });
    model.pause();
    changes.length = 0;
    model.apply("tick", { at: after(1), jobs: [job("a", { phase: "queued" })], lanes: [{ name: "email" }] });
    model.apply("tick", { at: after(2), jobs: [job("a", { phase: "running" })], gone: ["b"] });
    expect(changes).toEqual([]);
    expect(model.jobs.get("a")?.phase).toBe("running");
    expect(model.waiting()).toBe(2);

    model.resume();
    expect(changes.map(({ kind }) => kind)).toEqual(["resume", "tick"]);
    const [{ before, after: now } = {}] = changes[1]?.jobs ?? [];
    expect([before?.phase, now?.phase]).toEqual(["committed", "running"]);
    expect(changes[1]?.gone.map(({ id }) => id)).toEqual(["b"]);
    expect(changes[1]?.lanes).toBe(true);
    expect(model.waiting()).toBe(0);
  });

  it("holds back no job that came and went meanwhile", () => {
    const { model, changes } = openModel();
    model.pause();
    model.apply("tick", { at: after(1), jobs: [job("a")] });
    model.apply("tick", { at: after(2), gone: ["a"] });
    model.resume();
    expect(changes.at(-1)?.jobs).toEqual([]);
  });
});

describe("workers", () => {
  it("are numbered in the order of their start, for good", () => {
    const { model } = openModel();
    const worker = (id: string, ms: number) => ({ id, startedAt: after(ms), alive: true });
    model.apply("snapshot", { at: after(0), workers: [worker("late", 20), worker("early", 10)] });
    model.apply("tick", { at: after(1), workers: [worker("new", 30), worker("late", 20)] });
    expect(["early", "late", "new"].map(model.workerName)).toEqual(["worker 1", "worker 2", "worker 3"]);
  });
});
