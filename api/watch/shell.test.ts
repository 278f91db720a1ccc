import { describe, expect, it } from "vitest";
import type { Phase } from "../../workers/core/phase.ts";
import { after, ids, jobView } from "../../test/support/watch/page.ts";
import {
  countAt,
  createAnnouncer,
  createModel,
  describeBalance,
  describeJob,
  listBroken,
  openIn,
  stationOf,
  STATIONS,
} from "../../test/support/watch/shell.ts";

describe("status region", () => {
  const open = () => {
    const spoken: [number, string][] = [];
    const timers: { at: number; work: () => void }[] = [];
    let now = 0;
    const say = createAnnouncer((text) => spoken.push([now, text]), {
      now: () => now,
      later: (work, ms) => timers.push({ at: now + ms, work }),
    });
    const goTo = (time: number) => {
      now = time;
      for (const timer of timers.splice(0)) {
        if (timer.at <= now) timer.work();
        else timers.push(timer);
      }
    };
    return { say, spoken, goTo };
  };

  it("speaks at once, and then at most once in two seconds", () => {
    const { say, spoken, goTo } = open();
    say("Signed up");
    goTo(500);
    say("Committed");
    say("Sent!");
    goTo(1_999);
    expect(spoken).toEqual([[0, "Signed up."]]);
    goTo(2_000);
    expect(spoken.at(-1)).toEqual([2_000, "Committed. Sent!"]);
  });

  it("says a text that repeats once, and of many the newest", () => {
    const { say, spoken, goTo } = open();
    say("First");
    for (const text of ["a", "b", "b", "c", "d", "e"]) say(text);
    goTo(2_000);
    expect(spoken.at(-1)?.[1]).toBe("2 more. c. d. e.");
  });
});

describe("balance", () => {
  const counts = { done: 1_001, dead: 2, cancelled: 0, open: 39, total: 1_042 };

  it("compares what was accepted with the ledger", () => {
    expect(describeBalance(1_042, counts)).toEqual({
      lost: 0,
      text: "1,042 accepted = 1,001 done + 2 dead + 39 open",
    });
  });

  it("counts what is not in the ledger as lost", () => {
    expect(describeBalance(1_045, counts).lost).toBe(3);
  });

  it("names what was committed without an answer, and what was cancelled", () => {
    const { lost, text } = describeBalance(3, { done: 1, dead: 0, cancelled: 1, open: 2, total: 4 });
    expect([lost, text]).toEqual([0, "3 accepted + 1 unanswered = 1 done + 0 dead + 1 cancelled + 2 open"]);
  });
});

/** As keys, so that the types are an error if one is missing. */
const PHASES: Record<Phase, true> = {
  ...{
    scheduled: true,
    committed: true,
    queued: true,
    running: true,
    again: true,
    children: true,
    turn: true,
  },
  ...{ done: true, dead: true, cancelled: true },
};

describe("stations", () => {
  it("have every phase once", () => {
    expect(STATIONS.flatMap(({ phases }) => phases).toSorted()).toEqual(Object.keys(PHASES).toSorted());
    for (const phase of Object.keys(PHASES)) expect(stationOf(phase)).toBeDefined();
  });

  it("count the jobs of a lane, open and ended", () => {
    const lane = {
      scheduled: 1,
      committed: 2,
      children: 3,
      turn: 4,
      queued: 5,
      running: 6,
      again: 7,
      done: 8,
      dead: 9,
    };
    expect(STATIONS.map((station) => countAt(lane, station))).toEqual([10, 5, 6, 7, 17]);
    expect(openIn(lane)).toBe(28);
  });

  it("name a token by its job, its phase and its attempt", () => {
    const model = createModel();
    model.apply("snapshot", {
      at: after(0),
      queues: [{ name: "email", attempts: 20 }],
      workers: [{ id: ids.worker, startedAt: after(0), alive: true }],
    });
    const job = jobView({ attempt: 1, startedBy: ids.worker });
    expect(describeJob(job, "running", model)).toBe("email …f3a1: running, attempt 2 of 20 on worker 1");
    expect(describeJob(job, "again", model)).toBe("email …f3a1: waits to retry, attempt 2 of 20");
    expect(describeJob(job, "done", model)).toBe("email …f3a1: done");
  });
});

describe("banner", () => {
  const works = { providers: { mail: "off", transcription: "unknown" }, paused: [], flood: null };

  it("is empty while everything works", () => {
    expect(listBroken({ breaks: works, workers: [{ alive: true }] })).toEqual([]);
  });

  it("lists providers, paused queues, a running load and dead workers", () => {
    const flood = { kind: "flood", accepted: 250, wanted: 1_000, endedAt: null };
    const breaks = { providers: { mail: "refuse" }, paused: ["email", "image-resize"], flood };
    expect(listBroken({ breaks, workers: [{ alive: false }] })).toEqual([
      "Mail is down",
      "Paused: email, image-resize",
      "Flood: 250 of 1,000",
      "No worker is alive",
    ]);
  });

  it("does not list a load that has ended", () => {
    const flood = { kind: "rain", accepted: 1, wanted: 1, endedAt: after(0) };
    expect(listBroken({ breaks: { ...works, flood }, workers: [] })).toEqual([]);
  });
});
