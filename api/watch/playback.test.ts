import { describe, expect, it } from "vitest";
import { after, ids, jobView } from "../../test/support/watch/page.ts";
import { createPlayback, stepsBetween } from "../../test/support/watch/shell.ts";

const committed = jobView();
const done = jobView({
  phase: "done",
  publishedAt: after(5),
  startedAt: after(9),
  startedBy: ids.worker,
  finishedAt: after(60),
});
const again = jobView({
  phase: "again",
  publishedAt: after(5),
  attempt: 1,
  retryAt: after(1_000),
  history: [{ startedAt: after(9), endedAt: after(60), outcome: "retry", retryAt: after(1_000) }],
});

describe("stations between two rows", () => {
  it("contain those that were too short to be seen", () => {
    expect(stepsBetween(committed, done)).toEqual(["committed", "queued", "running", "done"]);
    expect(stepsBetween(committed, again)).toEqual(["committed", "queued", "running", "again"]);
  });

  it("begin with the commit for a job that is new", () => {
    expect(stepsBetween(undefined, done)).toEqual(["committed", "queued", "running", "done"]);
    expect(stepsBetween(undefined, committed)).toEqual(["committed"]);
  });

  it("contain the run between two waits", () => {
    const second = { ...again, attempt: 2, retryAt: after(4_000) };
    expect(stepsBetween(again, second)).toEqual(["again", "running", "again"]);
  });

  it("are one if only other facts changed", () => {
    const running = { ...done, phase: "running" as const, finishedAt: null };
    expect(stepsBetween(running, { ...running, progress: 40 })).toEqual(["running"]);
  });
});

describe("playback", () => {
  const play = (isMine: boolean) => {
    const playback = createPlayback();
    playback.push({ before: undefined, after: committed }, isMine, 0);
    playback.push({ before: committed, after: done }, isMine, 100);
    return playback;
  };

  it("shows an own job at each station for a while", () => {
    const playback = play(true);
    const seen = [0, 399, 400, 799, 800, 1_199, 1_200].map((at) => {
      playback.advance(at);
      return playback.shown(ids.job);
    });
    expect(seen).toEqual(["committed", "committed", "queued", "queued", "running", "running", "done"]);
    expect(playback.isPending()).toBe(false);
  });

  it("shows the jobs of others as they are", () => {
    expect(play(false).shown(ids.job)).toBe("done");
  });

  it("is never more than 1.5 s late", () => {
    const playback = createPlayback();
    playback.push({ before: undefined, after: committed }, true, 0);
    let before = committed;
    for (const attempt of [1, 2, 3, 4]) {
      const next = { ...again, attempt, retryAt: after(attempt * 10) };
      playback.push({ before, after: next }, true, 0);
      before = next;
    }
    const lags = Array.from({ length: 60 }, (_, index) => {
      playback.advance(index * 50);
      return playback.lag(index * 50);
    });
    expect(Math.max(...lags)).toBeLessThanOrEqual(1_550);
    expect(playback.isPending()).toBe(false);
  });

  it("skips what is too old after a hidden tab or a pause", () => {
    const playback = play(true);
    playback.advance(60_000);
    expect(playback.shown(ids.job)).toBe("done");
  });

  it("forgets a job", () => {
    const playback = play(true);
    playback.forget(ids.job);
    expect(playback.shown(ids.job)).toBeUndefined();
    expect(playback.advance(1_000)).toEqual([]);
  });
});
