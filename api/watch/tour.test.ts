import { describe, expect, it } from "vitest";
import {
  comparison,
  createProgress,
  createStorage,
  stepNamed,
  STEPS,
} from "../../test/support/watch/acts.ts";
import { after, ids, jobView, START, type Entry } from "../../test/support/watch/page.ts";

const CONCEPTS = [
  ...["one-off", "recurring", "chain", "batch", "retry", "visibility-timeout"],
  ...["idempotency", "ordering", "rate-limit", "dead-letter", "scaling-out", "monitoring"],
];

const check = (name: string, evidence: object) => stepNamed(name).check(evidence);
const outcomeOf = (name: string, evidence: object) => check(name, evidence).outcome;

const answer = { ok: true, status: 202, ms: 41, jobIds: [ids.job], requestId: "watch-1" };
const done = jobView({
  phase: "done",
  attempt: 1,
  startedAt: after(20),
  finishedAt: after(80),
  startedBy: ids.worker,
});
const failed = (outcome: Entry["outcome"] = "retry"): Entry => ({
  ...{ outcome, startedAt: after(20), endedAt: after(30), by: ids.worker, error: "451" },
});

describe("the steps", () => {
  it("are the twelve concepts, each with three outcomes, words and code", () => {
    expect(STEPS.map(({ name }) => name)).toEqual(CONCEPTS);
    for (const { predict, question, look, why, source } of STEPS) {
      expect(new Set(predict).size).toBe(3);
      expect(question).toMatch(/\?$/);
      expect([look, why].join(" ").length).toBeGreaterThan(100);
      expect(source.length).toBeGreaterThan(0);
      for (const each of source) expect(each).toMatch(/^[\w./-]+\.ts#\w+$/);
    }
  });
});

describe("one-off", () => {
  it("is decided by when the mail went out, and whether the ledger has the job", () => {
    expect(outcomeOf("one-off", { answer, job: done, answeredAt: START + 40 })).toBe(0);
    expect(outcomeOf("one-off", { answer, job: done, answeredAt: START + 90 })).toBe(1);
    expect(outcomeOf("one-off", { answer, answeredAt: START })).toBe(2);
    expect(outcomeOf("one-off", { answer, job: jobView(), answeredAt: START })).toBe(0);
  });
});

describe("recurring", () => {
  const ofSlot = (slot: string) => jobView({ name: "report-generate", payload: { scheduleId: "1", slot } });
  const slot = "2026-11-28T12:01:00.000Z";

  it("is decided by the jobs of the last slot", () => {
    expect(check("recurring", { jobs: [ofSlot(slot)], workers: 2 })).toEqual({
      ...{ outcome: 0, text: "The slot 12:01 UTC has 1 job, with 2 workers running." },
    });
    expect(outcomeOf("recurring", { jobs: [ofSlot(slot), ofSlot(slot)], workers: 2 })).toBe(1);
    expect(outcomeOf("recurring", { jobs: [], workers: 2 })).toBe(2);
  });
});

describe("chain", () => {
  const part = (finishedAt: string | null) =>
    jobView({ id: crypto.randomUUID(), name: "video-encode", parentId: "p", finishedAt });
  const publish = (startedAt: string | null) =>
    jobView({ ...{ id: "p", name: "video-publish", startedAt, finishedAt: startedAt && after(9_999) } });

  it("is decided by when the parent started", () => {
    const parts = [part(after(100)), part(after(900))];
    expect(outcomeOf("chain", { jobs: [...parts, publish(after(910))] })).toBe(0);
    expect(outcomeOf("chain", { jobs: [...parts, publish(after(500))] })).toBe(1);
    expect(outcomeOf("chain", { jobs: [part(null), publish(null)] })).toBeUndefined();
    expect(outcomeOf("chain", { jobs: [] })).toBeUndefined();
  });
});

describe("batch", () => {
  it("is decided by what was open when the single job had ended", () => {
    expect(outcomeOf("batch", { single: done, open: 700, total: 1_000 })).toBe(0);
    expect(outcomeOf("batch", { single: done, open: 0, total: 1_000 })).toBe(1);
    expect(outcomeOf("batch", { single: jobView(), open: 700, total: 1_000 })).toBeUndefined();
  });
});

describe("retry", () => {
  it("is decided by what became of the job and of the request", () => {
    const history = [failed(), failed()];
    const job = jobView({ ...done, attempt: 3, history });
    expect(check("retry", { answer, job })).toEqual({
      ...{
        outcome: 0,
        text: "The request took 41 ms. 2 attempts failed, then the mail went out at attempt 3.",
      },
    });
    expect(outcomeOf("retry", { answer, job: jobView({ phase: "dead", error: "no" }) })).toBe(1);
    expect(outcomeOf("retry", { answer: { ...answer, ok: false, status: 500 } })).toBe(2);
    expect(outcomeOf("retry", { answer, job: jobView({ phase: "again", history }) })).toBeUndefined();
  });
});

describe("visibility-timeout", () => {
  const crash = { ...failed("crashed"), startedAt: after(100), endedAt: after(9_000) };
  const taken = (startedAt: string) =>
    jobView({ ...done, crashes: 1, history: [crash], startedAt, startedBy: ids.other });
  const killed = { killed: ids.worker, killedAt: START + 1_000 };

  it("is decided by how long the job was without a worker", () => {
    expect(outcomeOf("visibility-timeout", { job: taken(after(11_000)), ...killed })).toBe(0);
    expect(outcomeOf("visibility-timeout", { job: taken(after(1_500)), ...killed })).toBe(1);
    const forgotten = jobView({ phase: "running", startedAt: after(100), startedBy: ids.worker });
    expect(outcomeOf("visibility-timeout", { job: forgotten, ...killed })).toBe(2);
    expect(outcomeOf("visibility-timeout", { job: done, ...killed })).toBeUndefined();
  });
});

describe("idempotency", () => {
  it("is decided by the number of jobs of both requests", () => {
    expect(outcomeOf("idempotency", { answers: [answer, answer], jobs: [done] })).toBe(0);
    expect(outcomeOf("idempotency", { answers: [answer, answer], jobs: [done, done] })).toBe(1);
    const refused = { ...answer, ok: false, status: 422 };
    expect(outcomeOf("idempotency", { answers: [answer, refused], jobs: [done] })).toBe(2);
  });
});

describe("ordering", () => {
  const run = (from: number, to: number | null) =>
    jobView({ startedAt: after(from), finishedAt: to === null ? null : after(to) });

  it("is decided by starts and ends in the order of the enqueueing", () => {
    expect(outcomeOf("ordering", { jobs: [run(0, 10), run(11, 20), run(20, 30)] })).toBe(0);
    expect(outcomeOf("ordering", { jobs: [run(0, 10), run(5, 20)] })).toBe(1);
    expect(outcomeOf("ordering", { jobs: [run(10, 20), run(0, 5)] })).toBe(2);
    expect(outcomeOf("ordering", { jobs: [run(0, 10), run(11, null)] })).toBeUndefined();
  });
});

describe("rate-limit", () => {
  const mails = (apart: number, count = 50) =>
    Array.from({ length: count }, (_, index) => jobView({ ...done, finishedAt: after(index * apart) }));

  it("is decided by how long the mails took, and whether one failed", () => {
    expect(outcomeOf("rate-limit", { jobs: mails(70), perSecond: 14 })).toBe(0);
    expect(outcomeOf("rate-limit", { jobs: mails(5), perSecond: 14 })).toBe(2);
    const oneFailed = [...mails(70), jobView({ ...done, history: [failed()] })];
    expect(outcomeOf("rate-limit", { jobs: oneFailed, perSecond: 14 })).toBe(1);
    expect(outcomeOf("rate-limit", { jobs: [...mails(70), jobView()], perSecond: 14 })).toBeUndefined();
  });
});

describe("dead-letter", () => {
  const dead = jobView({ phase: "dead", attempt: 1 });

  it("is decided by the dead letter and the replay", () => {
    expect(outcomeOf("dead-letter", { dead, replayed: jobView({ ...done, epoch: 2 }) })).toBe(0);
    expect(outcomeOf("dead-letter", { dead, replayed: dead })).toBeUndefined();
    expect(outcomeOf("dead-letter", { dead: jobView({ phase: "again", attempt: 4 }) })).toBe(1);
    expect(outcomeOf("dead-letter", { dead: undefined })).toBe(2);
  });
});

describe("scaling-out", () => {
  const shares = (...completed: number[]) =>
    completed.map((each, index) => ({ name: `worker ${index + 1}`, completed: each }));

  it("is decided by how many jobs each worker has done", () => {
    expect(outcomeOf("scaling-out", { shares: shares(240, 260), accepted: 500 })).toBe(0);
    expect(outcomeOf("scaling-out", { shares: shares(500), accepted: 500 })).toBe(1);
    expect(outcomeOf("scaling-out", { shares: shares(300, 260), accepted: 500 })).toBe(2);
    expect(outcomeOf("scaling-out", { shares: shares(100, 260), accepted: 500 })).toBeUndefined();
  });
});

describe("monitoring", () => {
  const books = (total: number, repeated = 0) => ({
    jobs: { done: total, dead: 0, cancelled: 0, open: 0, total },
    names: { email: { done: total } },
    mails: { received: total + repeated, distinct: total, repeated },
  });

  it("is decided by the books and the failed attempts", () => {
    const jobs = [jobView({ ...done, history: [failed()] })];
    expect(outcomeOf("monitoring", { books: books(20), accepted: 20, jobs })).toBe(2);
    expect(outcomeOf("monitoring", { books: books(19), accepted: 20, jobs })).toBe(0);
    expect(outcomeOf("monitoring", { books: books(20, 1), accepted: 20, jobs: [done] })).toBe(1);
    expect(outcomeOf("monitoring", { books: books(20), accepted: 20, jobs: [done] })).toBeUndefined();
  });
});

describe("the comparison with the prediction", () => {
  const step = { predict: ["Yes", "No", "Perhaps"] };

  it("says both, or that it is not decided", () => {
    expect(comparison(step, 0, { outcome: 0, text: "Seen." })).toBe("As you predicted. Seen.");
    expect(comparison(step, 1, { outcome: 0, text: "Seen." })).toBe("Otherwise than predicted: yes. Seen.");
    expect(comparison(step, undefined, { outcome: 2, text: "Seen." })).toBe("Perhaps. Seen.");
    expect(comparison(step, 0, { outcome: undefined, text: "Seen." })).toBe("Not decided yet. Seen.");
  });
});

describe("the progress", () => {
  it("is resumed with predictions, outcomes and what must be repaired", () => {
    const storage = createStorage();
    const first = createProgress(storage);
    first.visit("retry");
    first.record("retry", { chosen: 1 });
    first.record("retry", { done: { outcome: 0, text: "Seen." } });
    first.broken.note({ provider: "mail" });
    first.broken.note({ provider: "mail" });
    const later = createProgress(storage);
    expect(later.last()).toBe("retry");
    expect(later.of("retry")).toEqual({ chosen: 1, done: { outcome: 0, text: "Seen." } });
    expect(later.isDone("retry")).toBe(true);
    expect(later.broken.all()).toEqual([{ provider: "mail" }]);
    later.broken.forget({ provider: "mail" });
    expect(createProgress(storage).broken.all()).toEqual([]);
  });

  it("begins anew where another version has stored something", () => {
    expect(createProgress(createStorage({ "offstage.watch.tour": "[" })).last()).toBeUndefined();
  });
});
