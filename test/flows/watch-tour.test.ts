import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingChromium, startChromium } from "../../scripts/processes/chromium.ts";
import { createWatchedSystem, type WatchedSystem } from "../support/watch/system.ts";
import { visit } from "../support/watch/visitor.ts";

// The guided tour: each step is opened by its link and done, and its check agrees with the ledger.

let system: WatchedSystem;
let browser: Browser;

/** The place of the true outcome among those of a step. */
const trueOutcome = (step: string) => (step === "monitoring" ? 2 : 0);

/** One after the other, because a step begins with the repair of whatever is broken. */
const STEPS = [
  ...["one-off", "recurring", "chain", "batch", "retry", "visibility-timeout"],
  ...["idempotency", "ordering", "rate-limit", "dead-letter", "scaling-out", "monitoring"],
];

describe.skipIf(missingChromium)("the tour", () => {
  beforeAll(async () => {
    [system, browser] = await Promise.all([createWatchedSystem({ SCHEDULES: "" }), startChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await system[Symbol.asyncDispose]();
  });

  const doStep = async (name: string) => {
    const visitor = await visit(browser, system.apiUrl, {
      path: `/watch#step=${name}`,
      reducedMotion: "reduce",
    });
    const tour = visitor.section("tour");
    await tour.getByRole("radio").nth(trueOutcome(name)).check();
    await tour.getByRole("button", { name: "Do it", exact: true }).click();
    await tour.locator(".evidence").waitFor({ timeout: 120_000 });
    const evidence = await tour.locator(".evidence").innerText();
    const sources = tour.locator(".sources button");
    const links = await sources.count();
    await sources.first().click();
    await visitor.page.locator("dialog.code li.marked").first().waitFor();
    await visitor.page.context().close();
    return { name, evidence, links, problems: visitor.problems };
  };
  test("each of its twelve steps ends as predicted", { timeout: 400_000 }, async () => {
    const found = [];
    for (const name of STEPS) found.push(await doStep(name));
    expect(found.filter(({ evidence }) => !evidence.startsWith("As you predicted."))).toEqual([]);
    expect(found.filter(({ links, problems }) => links < 2 || problems.length > 0)).toEqual([]);
  });

  test("it can be left and resumed", async () => {
    const visitor = await visit(browser, system.apiUrl);
    await visitor.press("Start the tour");
    await visitor.press("Next");
    await visitor.page.reload();
    await visitor.section("tour").getByText("Step 2 of 12").waitFor();
    await visitor.press("Leave the tour");
    await visitor.press("Resume with step 2");
    await visitor.section("tour").getByText("Step 2 of 12").waitFor();
    expect(visitor.problems).toEqual([]);
  });
});
