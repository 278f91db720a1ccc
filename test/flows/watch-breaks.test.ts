import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingChromium, startChromium } from "../../scripts/processes/chromium.ts";
import { until } from "../../scripts/processes/until.ts";
import { createWatchedSystem, type WatchedSystem } from "../support/watch/system.ts";
import { visit, type Visitor } from "../support/watch/visitor.ts";

// Each breakage of the live page, and how the system recovers from it.

let system: WatchedSystem;
let browser: Browser;
let visitor: Visitor;

const card = (title: string) => visitor.section("break").locator("details", { hasText: title }).first();

/** Opens a card, which closes the one before, and presses a button of it. */
const press = async (title: string, name: string | RegExp) => {
  if ((await card(title).getAttribute("open")) === null) await card(title).locator("summary").click();
  await card(title)
    .getByRole("button", { name, exact: typeof name === "string" })
    .first()
    .click();
};

/** Jobs that have not ended. */
const open = async () =>
  (await system.phases()).filter(({ phase }) => !["done", "dead", "cancelled"].includes(phase));

describe.skipIf(missingChromium)("on the live page, the system recovers", () => {
  beforeAll(async () => {
    [system, browser] = await Promise.all([createWatchedSystem(), startChromium()]);
    visitor = await visit(browser, system.apiUrl, { reducedMotion: "reduce" });
  });
  afterAll(async () => {
    await browser.close();
    await system[Symbol.asyncDispose]();
  });

  test("from a provider that is down", async () => {
    await press("Mail provider", "down");
    await visitor.section("break").getByText("broken: Mail provider").waitFor();
    const id = await visitor.signUp();
    await visitor.sees(id, "again");
    await visitor.press("Repair everything");
    await visitor.sees(id, "done");
    await visitor.section("break").getByText("Nothing is broken").waitFor();
  });

  test("from a provider that rejects, by a replay of the dead letter", async () => {
    await press("Mail provider", "rejects");
    const id = await visitor.signUp();
    await visitor.sees(id, "dead");
    await press("Mail provider", "works");
    await visitor
      .section("dead")
      .getByRole("button", { name: /replay/i })
      .first()
      .click();
    await visitor.sees(id, "done");
  });

  test("from a paused queue", async () => {
    await press("Pause a queue", "Pause it");
    await card("Pause a queue").getByText("email is paused").waitFor();
    const id = await visitor.signUp();
    await visitor.sees(id, "queued");
    await press("Pause a queue", /resume it/);
    await visitor.sees(id, "done");
  });

  test("from an emptied broker", async () => {
    await press("Pause a queue", "Pause it");
    await card("Pause a queue").getByText("email is paused").waitFor();
    const id = await visitor.signUp();
    await visitor.sees(id, "queued");
    await press("Empty the broker", /Delete all/);
    await until("it is published again", async () => {
      const [job] = await system.sql<{ epoch: number; state: string }>(
        `SELECT epoch, state::text FROM "Job" WHERE id = $1::uuid`,
        [id],
      );
      return job?.state === "PUBLISHED" && job.epoch > 1;
    });
    // The pause is in the ledger, so it has outlasted the broker.
    await card("Pause a queue").getByText("email is paused").waitFor({ state: "attached" });
    await press("Pause a queue", /resume it/);
    await visitor.sees(id, "done");
  });

  test("from the death of the API before and after a commit", async () => {
    const deaths = [
      ["Before its commit", "nothing was committed", 0],
      ["After its commit", "but the request was committed", 1],
    ] as const;
    for (const [button, truth, jobs] of deaths) {
      const before = (await system.phases()).length;
      await press("Kill the API", button);
      await visitor.section("break").getByText(truth).waitFor({ timeout: 120_000 });
      expect((await system.phases()).length - before).toBe(jobs);
    }
    await until("every job has ended", async () => (await open()).length === 0);
  });

  test("from a poison job and the deaths of its workers", async () => {
    await press("Send a poison job", "Send it");
    const dead = await until(
      "the poison is in the dead letter",
      async () => {
        const [job] = await system.sql<{ crashes: number }>(
          `SELECT crashes FROM "Job" WHERE name = 'demo-task' AND state = 'FAILED'`,
          [],
        );
        return job;
      },
      120_000,
    );
    expect(dead.crashes).toBe(3);
    await visitor.section("dead").getByText("demo-task").first().waitFor();
  });

  test("from the death of a worker in the middle of its jobs, and from a flood", async () => {
    await press("Flood and rain", /^Rain/);
    await press("Kill a worker", /^Kill worker/);
    await until("the rain has ended", async () => {
      const { flood } = await state();
      return flood?.endedAt;
    });
    await until("every job has ended", async () => (await open()).length === 0, 120_000);
    const { flood } = await state();
    const [done] = await system.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM "Job" WHERE name = 'demo-task' AND state = 'COMPLETED'`,
      [],
    );
    expect(done?.count).toBe(flood?.accepted);
    expect(visitor.problems).toEqual([]);
  });

  const state = async (): Promise<{ flood: { endedAt: string | null; accepted: number } | null }> => {
    const headers = { "sec-fetch-site": "same-origin", "x-watch": "1" };
    const response = await fetch(`${system.apiUrl}/watch/control/state`, { headers });
    return (await response.json()) as { flood: { endedAt: string | null; accepted: number } | null };
  };
});
