import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingChromium, startChromium } from "../../scripts/processes/chromium.ts";
import { until } from "../../scripts/processes/until.ts";
import { createWatchedSystem, type WatchedSystem } from "../support/watch/system.ts";
import { findBarriers, overflowOf, visit, type Visitor } from "../support/watch/visitor.ts";

// How the live page looks in each of its states, for everyone.

let system: WatchedSystem;
let browser: Browser;

interface Look {
  colorScheme: "light" | "dark";
  width: number;
}

const ALL = (["light", "dark"] as const).flatMap((colorScheme) =>
  [360, 768, 1_280].map((width): Look => ({ colorScheme, width })),
);
/** Each scheme and each layout, for states that differ from others in a part of the page only. */
const SOME: Look[] = [
  { colorScheme: "dark", width: 360 },
  { colorScheme: "light", width: 1_280 },
];

/** Looks at the page in some schemes and widths. */
const inspect = async ({ page }: Visitor, looks: readonly Look[]) => {
  const found = [];
  for (const { colorScheme, width } of looks) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 900 });
    const [barriers, overflow] = [await findBarriers(page), await overflowOf(page)];
    if (barriers.length > 0 || overflow > 0) found.push({ colorScheme, width, barriers, overflow });
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

  const states: [state: string, looks: Look[], reach: (visitor: Visitor) => Promise<unknown>][] = [
    ["idle", ALL, async () => {}],
    ["in the tour", SOME, (visitor) => visitor.press("Start the tour")],
    ["with every card open", SOME, (visitor) => openAll(visitor)],
    ["during a retry", ALL, (visitor) => failedSignUp(visitor, "refuse", "again")],
    ["with a dead letter", SOME, (visitor) => failedSignUp(visitor, "reject", "dead")],
    ["with the tree of a video", SOME, uploadVideo],
    ["in a flood", SOME, flood],
  ];

  test.each(states)("%s", async (_state, looks, reach) => {
    await system.setMailOutage("off");
    const visitor = await visit(browser, system.apiUrl, { reducedMotion: "reduce" });
    await reach(visitor);
    expect(await inspect(visitor, looks)).toEqual([]);
    await visitor.page.setViewportSize({ width: 320, height: 600 });
    await expect.poll(() => overflowOf(visitor.page)).toBe(0);
    expect(visitor.problems).toEqual([]);
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
