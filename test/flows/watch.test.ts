import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { missingChromium, startChromium } from "../../scripts/processes/chromium.ts";
import { closePages } from "../support/browser/chromium.ts";
import { createWatchedSystem, type WatchedSystem } from "../support/watch/system.ts";
import { visit } from "../support/watch/visitor.ts";

/** Only the time of day is wrong: the monotonic clock of a browser is not. */
const HOUR_AHEAD = `{
  const { Date: Real } = globalThis;
  const now = () => Real.now() + 3_600_000;
  globalThis.Date = class extends Real {
    constructor(...given) { super(...(given.length > 0 ? given : [now()])); }
    static now() { return now(); }
  };
}`;

// What the live page shows of one job, in real processes, on each broker.

let system: WatchedSystem;
let browser: Browser;

describe.skipIf(missingChromium)("the live page", () => {
  beforeAll(async () => {
    [system, browser] = await Promise.all([createWatchedSystem(), startChromium()]);
  });
  afterEach(() => closePages(browser));
  afterAll(async () => {
    await browser.close();
    await system[Symbol.asyncDispose]();
  });

  test("shows a sign-up from its request to its mail", async () => {
    const visitor = await visit(browser, system.apiUrl);
    const id = await visitor.signUp();
    await visitor.sees(id, "done");
    await visitor.section("story").getByText("was answered 202").first().waitFor();
    await visitor.section("results").getByText("Verify").first().waitFor();
    expect(await system.phases()).toContainEqual({ id, phase: "done", attempt: 0 });
    expect(visitor.problems).toEqual([]);
  });

  test("shows a retry with the same countdown after a reload, also if the browser's clock is wrong", async () => {
    await system.setMailOutage("refuse");
    const visitor = await visit(browser, system.apiUrl);
    await visitor.page.addInitScript(HOUR_AHEAD);
    await visitor.page.reload();
    const id = await visitor.signUp();
    /** Seconds to the next attempt: in the ledger, and on the page at the same time. */
    const countdowns = () =>
      until("the next attempt is at least 3 s away, in the ledger and on the page", async () => {
        const [job] = await system.sql<{ left: number; attempt: number }>(
          `SELECT attempt, extract(epoch FROM (history -> -1 ->> 'retryAt')::timestamptz - clock_timestamp())::float8 AS left
           FROM "Job" WHERE id = $1::uuid AND "startedAt" IS NULL`,
          [id],
        );
        if (!job || job.left < 3) return false;
        const token = `#stage [data-id="${id}"][data-phase="again"][data-attempt="${job.attempt}"]`;
        const [text] = await visitor.page.locator(token).allInnerTexts();
        const shown = Number.parseFloat(text ?? "");
        return Number.isFinite(shown) && { ledger: job.left, shown };
      });
    for (const reload of [false, true]) {
      if (reload) await visitor.page.reload();
      const { ledger, shown } = await countdowns();
      expect(Math.abs(ledger - shown)).toBeLessThan(1);
    }
    await system.setMailOutage("off");
    await visitor.sees(id, "done");
    expect(visitor.problems).toEqual([]);
  });
});
