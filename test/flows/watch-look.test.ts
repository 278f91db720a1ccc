import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingChromium, startChromium } from "../../scripts/processes/chromium.ts";
import { until } from "../../scripts/processes/until.ts";
import { createWatchedSystem, type WatchedSystem } from "../support/watch/system.ts";
import { findBarriers, overflowOf, visit, type Visitor } from "../support/watch/visitor.ts";

// How the live page looks in each of its states, for everyone.

let system: WatchedSystem;
let browser: Browser;

const SCHEMES = ["light", "dark"] as const;
const WIDTHS = [360, 768, 1_280];

/** Looks at the page in each scheme and width. */
const inspect = async ({ page }: Visitor) => {
  const found = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const [barriers, overflow] = [await findBarriers(page), await overflowOf(page)];
      if (barriers.length > 0 || overflow > 0) found.push({ colorScheme, width, barriers, overflow });
    }
  }
  return found;
};

const failedSignUp = async (visitor: Visitor, mode: "refuse" | "reject", phase: string) => {
  await system.setMailOutage(mode);
  const id = await visitor.signUp();
  await visitor.sees(id, phase);
  return id;
};

describe.skipIf(missingChromium)("the live page has no barrier and no sideways scrolling", () => {
  beforeAll(async () => {
    [system, browser] = await Promise.all([createWatchedSystem(), startChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await system[Symbol.asyncDispose]();
  });

  const states: [state: string, reach: (visitor: Visitor) => Promise<unknown>][] = [
    ["idle", async () => {}],
    ["in the tour", (visitor) => visitor.press("Start the tour")],
    ["with every card open", (visitor) => openAll(visitor)],
    ["during a retry", (visitor) => failedSignUp(visitor, "refuse", "again")],
    ["with a dead letter", (visitor) => failedSignUp(visitor, "reject", "dead")],
    ["with the tree of a video", uploadVideo],
    ["in a flood", flood],
  ];

  test.each(states)("%s", async (_state, reach) => {
    const visitor = await visit(browser, system.apiUrl, { reducedMotion: "reduce" });
    await reach(visitor);
    expect(await inspect(visitor)).toEqual([]);
    await visitor.page.setViewportSize({ width: 320, height: 600 });
    expect(await overflowOf(visitor.page)).toBe(0);
    expect(visitor.problems).toEqual([]);
    await system.setMailOutage("off");
    await visitor.page.context().close();
  });
});

const openAll = ({ page }: Visitor) =>
  page.evaluate(`document.querySelectorAll("details").forEach((each) => (each.open = true))`);

const uploadVideo = async (visitor: Visitor) => {
  await visitor.press("Upload a video");
  await visitor.section("job").locator(".tree").waitFor();
};

const flood = async (visitor: Visitor) => {
  await openAll(visitor);
  await visitor.press(/^Flood/);
  await until("the lane is full", async () => (await visitor.tokens()).length > 10);
};
