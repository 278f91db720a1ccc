import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { missingChromium, startChromium } from "../../scripts/processes/chromium.ts";
import { closePages } from "../support/browser/chromium.ts";
import { createWatchedSystem, type WatchedSystem } from "../support/watch/system.ts";
import { visit } from "../support/watch/visitor.ts";

// All buttons of the live page. What most of them do is shown by the other tests of the page.

let system: WatchedSystem;
let browser: Browser;

const outage = async () =>
  (await (await fetch(`${system.sandboxUrl}/api/outage`)).json()) as Record<string, string>;

describe.skipIf(missingChromium)("on the live page", () => {
  beforeAll(async () => {
    [system, browser] = await Promise.all([createWatchedSystem(), startChromium()]);
  });
  afterEach(() => closePages(browser));
  afterAll(async () => {
    await browser.close();
    await system[Symbol.asyncDispose]();
  });

  const open = () => visit(browser, system.apiUrl, { reducedMotion: "reduce" });

  test("each provider has each mode that its buttons name", async () => {
    const visitor = await open();
    const modes = { down: "refuse", slow: "slow", rejects: "reject", hangs: "hang", works: "off" };
    for (const provider of ["Mail", "Transcription", "Push"]) {
      const card = visitor.section("break").locator("details", { hasText: `${provider} provider` });
      await card.locator("summary").click();
      for (const [label, mode] of Object.entries(modes)) {
        await card.getByRole("button", { name: label, exact: true }).click();
        await card.getByRole("button", { name: label, exact: true, pressed: true }).waitFor();
        expect((await outage())[provider.toLowerCase()]).toBe(mode);
      }
    }
    expect(visitor.problems).toEqual([]);
  });

  test("pushes wait for a provider that is down, and arrive after its repair", async () => {
    const visitor = await open();
    await visitor.signUp();
    await visitor.section("break").getByText("Push provider").click();
    await visitor.section("break").getByRole("button", { name: "down", exact: true }).first().click();
    await visitor.press("Send 100 notifications");
    await visitor.section("story").getByText("the provider asked for a pause").first().waitFor();
    await visitor.press("Repair everything");
    await visitor.section("break").getByText("Nothing is broken").waitFor();
    await visitor.section("results").getByRole("tab", { name: "Phones" }).click();
    await visitor.section("results").getByText("100 pushes").first().waitFor({ timeout: 60_000 });
    expect(visitor.problems).toEqual([]);
  });

  test("each button can be pressed", { timeout: 180_000 }, async () => {
    const visitor = await open();
    const { page } = visitor;
    await visitor.section("break").getByText("Mail provider").click();
    await visitor.section("break").getByRole("button", { name: "rejects" }).first().click();
    const id = await visitor.signUp();
    await visitor.sees(id, "dead");
    await visitor
      .section("dead")
      .getByRole("button", { name: id.slice(-4) })
      .first()
      .click();
    await visitor.section("job").getByText("Again, slowly").waitFor();

    let pressed = 0;
    while (await pressNext(page)) {
      await page.keyboard.press("Escape"); // closes a dialog
      pressed++;
    }
    expect(pressed).toBeGreaterThan(60);
    const titles = await page.locator("main h2 button:visible").all();
    for (const title of titles) await title.click();
    expect(await page.locator("main [data-folded]:visible").count()).toBe(titles.length);
    for (const title of titles) await title.click();
    expect(visitor.problems).toEqual([]);
  });
});

/** What kills processes or takes minutes has tests of its own, and a title folds its section. */
const ELSEWHERE =
  /^(?:\w+-title:|break-content: (?:kill worker|before its|after its|delete all|send it|flood:|rain:)|workers-content: kill|act-content: upload a video)/;

/**
 * Presses a visible button that was not pressed yet, in one step, because a job that moves may take it away. Resolves
 * with false if there is none.
 */
const pressNext = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>(`{
    const pressed = (window.pressed ??= new Set());
    const nameOf = (each) =>
      (each.closest("[id]:not(button)")?.id + ": " + (each.ariaLabel || each.innerText).trim().split("\\n")[0].toLowerCase())
        .replaceAll(/…[0-9a-f]{4}|\\d+/g, "#");
    const next = [...document.querySelectorAll("button, summary")].find(
      (each) => each.checkVisibility() && !each.disabled && each.ariaDisabled !== "true" && !pressed.has(nameOf(each)) && !${ELSEWHERE}.test(nameOf(each)));
    if (next) pressed.add(nameOf(next));
    next?.click();
    Boolean(next);
  }`);
