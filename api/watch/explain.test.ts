import { describe, expect, it } from "vitest";
import {
  after,
  ids,
  jobView,
  pageModel,
  START,
  explain,
  type Entry,
  type JobView,
} from "../../test/support/watch/page.ts";

const model = pageModel(10_000);
const explained = (now: JobView, before?: JobView) => explain(before, now, { model });
const kinds = (now: JobView, before?: JobView) => explained(now, before).map(({ kind }) => kind);
const texts = (now: JobView, before?: JobView) =>
  explained(now, before).map(({ text }) => text.split(": ").slice(1).join(": "));

const committed = jobView();
const published = jobView({ phase: "queued", state: "PUBLISHED", publishedAt: after(12) });
const running = jobView({ ...published, phase: "running", startedAt: after(30), startedBy: ids.worker });
const firstRetry: Entry = {
  ...{ startedAt: after(30), endedAt: after(80), by: ids.worker, outcome: "retry", kind: "provider" },
  ...{ error: "ProviderError: 451 try later", retryAt: after(1_080) },
};
const again = jobView({
  ...{ ...published, phase: "again", attempt: 1, retryAt: after(1_080), readyAt: after(1_080) },
  history: [firstRetry],
});
const done = jobView({
  ...{ ...again, phase: "done", state: "COMPLETED", startedAt: after(1_100), startedBy: ids.worker },
  ...{ finishedAt: after(1_160), result: "sent" },
});

describe("one step at a time", () => {
  it("explains that a job is committed, and nothing more", () => {
    expect(explained(committed)).toEqual([
      {
        kind: "committed",
        at: START,
        text: "email verification …f3a1: a row of the ledger, committed with the data it belongs to.",
        why: "The job exists if, and only if, the transaction commits. A crash before the commit leaves neither.",
        source: "workers/core/enqueue.ts#createJobs",
        concept: "one-off",
      },
    ]);
  });

  it("explains how long the publication took, by a nudge or by the poll", () => {
    expect(texts(published, committed)).toEqual(["given to the broker, 12 ms after it was due."]);
    expect(explained(published, committed)[0]?.why).toContain("nudges");
    const polled = jobView({ ...published, publishedAt: after(240) });
    expect(explained(polled, committed)[0]?.why).toContain("poll, every 250 ms");
  });

  it("counts the wait of a delayed job from when it is due", () => {
    const delayed = jobView({ readyAt: after(5_000), phase: "scheduled" });
    expect(texts(delayed)[0]).toContain("It is due at ");
    const later = jobView({ ...delayed, state: "PUBLISHED", phase: "queued", publishedAt: after(5_120) });
    expect(texts(later, delayed)).toEqual(["given to the broker, 120 ms after it was due."]);
  });

  it("explains who starts which attempt, and how long it waited", () => {
    expect(texts(running, published)).toEqual([
      "worker 4123 starts attempt 1 of 90, after 30 ms of waiting.",
    ]);
  });

  it("explains progress, each value once", () => {
    const half = jobView({ ...running, progress: 0.5 });
    expect(texts(half, running)).toEqual(["50 % done."]);
    expect(explained(half, half)).toEqual([]);
    expect(texts(jobView({ ...half, progress: { pages: 3 } }), half)).toEqual(['progress {"pages":3}.']);
  });

  it("explains a retry with the provider's answer, the time and the queue's formula", () => {
    const [retry] = explained(again, running);
    expect(retry?.text).toMatch(
      /attempt 1 of 90 failed, the provider failed: “451 try later”\. The next one in 1 s, at \d\d:00:01\.$/,
    );
    expect(retry?.why).toContain("1 s, 2 s, 4 s, 8 s … at most 10 min, ± 25 % at random");
    expect(retry?.source).toBe("workers/core/job.ts#backoffDelay");
  });

  it("explains the end with the time that it took and waited", () => {
    const second = jobView({ ...again, phase: "running", startedAt: after(1_100), startedBy: ids.worker });
    expect(texts(second, again)).toEqual(["worker 4123 starts attempt 2 of 90, after 20 ms of waiting."]);
    expect(texts(done, second)).toEqual(["done in 1.2 s, of which 1.1 s waiting. Result: sent."]);
  });

  it("explains nothing about a row that has not changed", () => {
    for (const row of [committed, published, running, again, done]) expect(explained(row, row)).toEqual([]);
  });
});

describe("what passed unseen", () => {
  it("is explained completely and in order, from nothing to done", () => {
    const wanted = ["committed", "published", "started", "retry", "started", "done"];
    expect(kinds(done)).toEqual(wanted);
    const times = explained(done).map(({ at }) => at ?? Number.NaN);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(times).toHaveLength(wanted.length);
  });

  it("is explained from each state on, without a repetition", () => {
    const steps = [committed, published, running, again, done];
    steps.forEach((from, index) => {
      const stepwise = steps.slice(index + 1).flatMap((step, offset) => kinds(step, steps[index + offset]));
      expect(kinds(done, from)).toEqual(stepwise);
    });
  });

  it("includes a publication that the worker was faster than", () => {
    const fast = jobView({
      ...{ state: "COMPLETED", phase: "done", startedAt: after(4), startedBy: ids.worker },
      finishedAt: after(9),
    });
    expect(kinds(fast)).toEqual(["committed", "published", "started", "done"]);
    expect(texts(fast)[1]).toBe("given to the broker.");
  });

  it("is explained once, although the relay records the publication after the start", () => {
    const early = jobView({ phase: "running", startedAt: after(4), startedBy: ids.worker });
    expect(kinds(early)).toEqual(["committed", "published", "started"]);
    expect(kinds(jobView({ ...early, state: "PUBLISHED", publishedAt: after(6) }), early)).toEqual([]);
  });

  it("numbers attempts right where the oldest entries are missing", () => {
    const old = jobView({ ...again, attempt: 12, earlier: 11 });
    expect(texts(old).at(-1)).toContain("attempt 12 of 90 failed");
    expect(texts(old).at(-2)).toContain("starts attempt 12 of 90");
  });
});

describe("crashes, losses and releases", () => {
  const crash = {
    startedAt: after(30),
    endedAt: after(12_030),
    by: ids.worker,
    outcome: "crashed",
    kind: "crashed",
  } as const;
  const takenOver = jobView({
    ...{ ...running, startedAt: after(12_030), startedBy: ids.other, crashes: 1 },
    history: [crash],
  });

  it("explains who died, which crash it was, and who took over", () => {
    expect(texts(takenOver, running)).toEqual([
      "worker 4123 died during the run: crash 1 of 3, found 12 s after the start.",
      "worker 4124 takes over attempt 1 of 90.",
    ]);
  });

  it("explains a crash that the sweep found, and the publication after it", () => {
    const swept = jobView({
      ...{ phase: "queued", state: "PUBLISHED", epoch: 2, crashes: 1, publishedAt: after(12_050) },
      history: [crash],
    });
    expect(kinds(swept, running)).toEqual(["crashed", "published"]);
    expect(kinds(swept)).toEqual(["committed", "published", "started", "crashed", "published"]);
  });

  it("ends after the third crash without a start of its own", () => {
    const third = jobView({
      ...{
        ...running,
        phase: "dead",
        state: "FAILED",
        attempt: 1,
        crashes: 3,
        startedAt: null,
        startedBy: null,
      },
      finishedAt: after(40_010),
      history: [1, 2, 3]
        .map((round) => ({
          ...crash,
          startedAt: after(round * 10_000),
          endedAt: after(round * 10_000 + 9_999),
        }))
        .concat({ ...crash, startedAt: after(40_000), endedAt: after(40_010), outcome: "failed" } as never),
    });
    expect(kinds(third).slice(-3)).toEqual(["started", "crashed", "dead"]);
    expect(texts(third).at(-1)).toBe("dead letter: its process died 3 times while running it.");
    const failing = jobView({
      ...third,
      state: "PUBLISHED",
      phase: "running",
      startedAt: after(40_000),
      finishedAt: null,
      history: third.history.slice(0, 3),
    });
    expect(kinds(failing).at(-1)).toBe("crashed");
  });

  it("explains that the broker lost a job, and its second publication", () => {
    const lost = jobView({
      ...{ epoch: 2, publishedAt: after(12) },
      history: [{ startedAt: null, endedAt: after(5_000), by: null, outcome: "lost" }],
    });
    expect(texts(lost, published)).toEqual([
      "the broker does not know it any more. The sweep gives it back to the relay: published 2 times.",
    ]);
    const found = jobView({ ...lost, phase: "queued", state: "PUBLISHED", publishedAt: after(5_009) });
    expect(texts(found, lost)).toEqual(["given to the broker again, publication 2, 9 ms after it was due."]);
    expect(kinds(found)).toEqual(["committed", "published", "lost", "published"]);
  });

  it("counts runs that were given back together", () => {
    const limited = {
      startedAt: after(30),
      endedAt: after(40),
      by: ids.worker,
      outcome: "limited",
      kind: "rate-limited",
      retryAt: after(2_040),
    } as const;
    const once = jobView({ ...published, history: [limited] });
    expect(texts(once, running)[0]).toContain("asked for a pause. Given back, and no attempt is spent.");
    const twice = jobView({ ...once, history: [{ ...limited, endedAt: after(2_090), count: 2 }] });
    expect(texts(twice, once)[0]).toContain("Given back 2 times, and no attempt is spent.");
    const released = jobView({
      ...published,
      history: [{ ...limited, outcome: "released", kind: "released" }],
    });
    expect(texts(released, running)).toEqual([
      "worker 4123 gave it back before the end of the run. No attempt is spent.",
    ]);
  });

  it("explains a timeout with its source", () => {
    const slow = jobView({
      ...again,
      history: [{ ...firstRetry, kind: "timeout", error: "TimeoutError: timed out after 60000 ms" }],
    });
    expect(explained(slow, running)[0]).toMatchObject({ source: "workers/core/run.ts#openRun" });
    expect(texts(slow, running)[0]).toContain("it took too long and was stopped: “timed out after 60000 ms”");
  });
});

describe("the dead letter", () => {
  const failure: Entry = { ...firstRetry, outcome: "failed", retryAt: null };
  const dead = (facts: Partial<JobView>) =>
    jobView({ ...published, phase: "dead", state: "FAILED", attempt: 1, finishedAt: after(80), ...facts });

  it("says why no attempt follows", () => {
    expect(texts(dead({ attempt: 90, history: [failure] }), running)).toEqual([
      "dead letter: attempt 90 of 90 failed, and no attempt is left: “451 try later”.",
    ]);
    expect(
      texts(dead({ history: [{ ...failure, kind: "permanent", error: "PermanentError: 550 no" }] }), running),
    ).toEqual(["dead letter: attempt 1 failed for good: “550 no”."]);
    expect(
      texts(dead({ attempt: 0, publishTries: 10, publishedAt: null, error: "too large" }), committed),
    ).toEqual(["dead letter: the broker refused it 10 times: “too large”."]);
    expect(
      texts(dead({ attempt: 0, publishedAt: null, children: 2, error: "its child image-resize failed: x." })),
    ).toEqual([
      "a row of the ledger, committed with the data it belongs to. It waits for 2 children.",
      "dead letter: its child image-resize failed: x.",
    ]);
  });

  it("explains a replay, and counts attempts anew", () => {
    const replayed = jobView({
      ...{ epoch: 2, publishedAt: after(12) },
      history: [failure, { startedAt: null, endedAt: after(9_000), by: null, outcome: "replayed" }],
    });
    expect(kinds(replayed, dead({ history: [failure] }))).toEqual(["replayed"]);
    const second = jobView({
      ...replayed,
      state: "PUBLISHED",
      phase: "running",
      publishedAt: after(9_010),
      startedAt: after(9_020),
      startedBy: ids.worker,
    });
    expect(kinds(second, replayed)).toEqual(["published", "started"]);
    expect(texts(second).at(-1)).toContain("starts attempt 1 of 90");
  });

  it("explains a cancellation", () => {
    const cancelled = jobView({ state: "CANCELLED", phase: "cancelled", finishedAt: after(700) });
    expect(texts(cancelled, committed)).toEqual(["cancelled before its first start."]);
  });
});

describe("flows and order", () => {
  const parent = jobView({
    id: "p",
    name: "video-package",
    payload: {},
    state: "WAITING",
    phase: "children",
    children: 4,
    openChildren: 4,
    rootId: "p",
  });

  it("counts the children that have ended, and says when the parent can start", () => {
    expect(texts(parent)[0]).toContain("It waits for 4 children.");
    const three = jobView({ ...parent, openChildren: 1 });
    expect(texts(three, parent)).toEqual(["3 of 4 children have ended."]);
    const due = jobView({
      ...parent,
      state: "PENDING",
      phase: "committed",
      openChildren: 0,
      readyAt: after(900),
    });
    expect(texts(due, three)).toEqual(["all 4 children have ended. It can start."]);
    expect(kinds(jobView({ ...due, state: "PUBLISHED", publishedAt: after(905) }), three)).toEqual([
      "children",
      "published",
    ]);
  });

  it("explains what the end of a child means for its parent, and where a job comes from", () => {
    const family = { ...model, jobs: new Map([["p", jobView({ ...parent, openChildren: 2 })]]) };
    const child = jobView({
      name: "video-encode",
      payload: { height: 720 },
      parentId: "p",
      rootId: "p",
      onFailure: "continue",
    });
    const [first] = explain(undefined, child, { model: family });
    expect(first?.text).toBe("video-encode 720p …f3a1: a row of the ledger, as a child of video-package.");
    expect(first?.why).toContain("its parent goes on without it");
    const ended = jobView({
      ...child,
      ...{
        state: "COMPLETED",
        phase: "done",
        publishedAt: after(5),
        startedAt: after(9),
        startedBy: ids.worker,
        finishedAt: after(50),
      },
    });
    expect(explain(child, ended, { model: family }).at(-1)?.text).toContain(
      "Its parent video-package waits for 2 more children.",
    );
    const follow = jobView({ causeId: "p" });
    expect(explain(undefined, follow, { model: family })[0]?.text).toContain("added by video-package");
  });

  it("explains when a job's turn comes, also where the row does not show it any more", () => {
    const waiting = jobView({ state: "WAITING", phase: "turn", orderKey: "u" });
    const due = jobView({ ...waiting, state: "PENDING", phase: "committed", readyAt: after(300) });
    expect(kinds(due, waiting)).toEqual(["turn"]);
    expect(kinds(due, due)).toEqual([]);
    expect(kinds(jobView({ ...again, orderKey: "u" }), waiting)).toEqual([
      "turn",
      "published",
      "started",
      "retry",
    ]);
  });

  it("explains refusals by the broker", () => {
    expect(texts(jobView({ publishTries: 2, error: "too large" }), committed)).toEqual([
      "the broker refused it, 2 of 10: too large.",
    ]);
  });
});

it("knows no model: a page that has just been opened", () => {
  const empty = { ...model, queues: new Map(), workers: [] };
  expect(explain(undefined, done, { model: empty }).map(({ kind }) => kind)).toContain("retry");
});
