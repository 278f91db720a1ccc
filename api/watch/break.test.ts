import { describe, expect, it } from "vitest";
import {
  brokenIn,
  foreseen,
  isSettled,
  MODES,
  PROVIDERS,
  truthAfterKill,
  verdictOf,
  type Books,
} from "../../test/support/watch/acts.ts";

const books = (
  jobs: Partial<Books["jobs"]>,
  mails: Partial<NonNullable<Books["mails"]>> = {},
  sent = 0,
): Books => ({
  jobs: { done: 0, dead: 0, cancelled: 0, open: 0, total: 0, ...jobs },
  names: { email: { done: sent } },
  mails: { received: 0, distinct: 0, repeated: 0, ...mails },
});

describe("the verdict", () => {
  it("says that nothing was lost, and what is still open", () => {
    const { lost, text } = verdictOf(books({ done: 11, dead: 1, open: 1, total: 13 }));
    expect(lost).toBe(0);
    expect(text).toBe(
      "Nothing was lost: of 13 jobs since then, 11 done, 1 in the dead letter. 1 job is still open.",
    );
  });

  it("counts as lost what was accepted and is not in the ledger", () => {
    const { lost, text } = verdictOf(books({ done: 98, total: 98 }), 100);
    expect(lost).toBe(2);
    expect(text).toContain("2 jobs of 100 accepted ones are not in the ledger.");
  });

  it("counts as lost a mail that is done and not in the inbox", () => {
    expect(verdictOf(books({ done: 3, total: 3 }, { received: 2, distinct: 2 }, 3))).toMatchObject({
      lost: 1,
    });
  });

  it("names mails that arrived twice as the declared window", () => {
    const { lost, repeated, text } = verdictOf(
      books({ done: 3, total: 3 }, { received: 4, distinct: 3, repeated: 1 }, 3),
    );
    expect([lost, repeated]).toEqual([0, 1]);
    expect(text).toContain("3 mails arrived, 1 of them twice: the declared window");
  });

  it("does not count mails while the inbox is away", () => {
    const { lost, text } = verdictOf({ ...books({ done: 1, total: 1 }, {}, 1), mails: null });
    expect(lost).toBe(0);
    expect(text).toContain("The inbox does not answer");
  });

  it("is final when nothing is open", () => {
    expect(isSettled(books({ done: 1, total: 1 }))).toBe(true);
    expect(isSettled(books({ open: 1, total: 1 }))).toBe(false);
    expect(isSettled(undefined)).toBe(false);
  });
});

describe("the cards", () => {
  it("say for each mode of each provider what will be seen", () => {
    for (const provider of PROVIDERS)
      for (const [mode] of MODES)
        expect(foreseen(provider, mode), `${provider["name"]} ${mode}`).toMatch(/\.$/);
  });

  it("count what is broken; what is unknown is not", () => {
    const providers = { mail: "refuse", push: "off", transcription: "unknown" };
    const labels = brokenIn({ providers, paused: ["email"] }).map(({ label }) => label);
    expect(labels).toEqual(["Mail provider", "Queue email"]);
    expect(brokenIn({})).toEqual([]);
  });
});

describe("after the API was killed during a sign-up", () => {
  it.each([
    [{ status: 0 }, [], "nothing was committed"],
    [{ status: 0 }, [{ phase: "queued" }], "the request was committed: its job is in the ledger (queued)"],
    [{ status: 0 }, undefined, "the API has not answered since then"],
    [{ status: 202 }, [], "kill it again"],
  ])("the ledger says what is true: %j %j", (answer, jobs, text) => {
    expect(truthAfterKill(answer, jobs)).toContain(text);
  });
});
