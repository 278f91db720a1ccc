import type { Browser, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { missingChromium, startChromium } from "../../scripts/processes/chromium.ts";
import { until } from "../../scripts/processes/until.ts";
import { closePages } from "../support/browser/chromium.ts";
import { createWatchedSystem, type WatchedSystem } from "../support/watch/system.ts";
import { visit, type Visitor } from "../support/watch/visitor.ts";

// Everything that a visitor can do on the live page, with the pointer and with the keyboard.

let system: WatchedSystem;
let browser: Browser;

const doneJobs = (name: string) =>
  system.sql<{ id: string }>(`SELECT id FROM "Job" WHERE name = $1 AND state = 'COMPLETED'`, [name]);
const isDone = (name: string, count = 1) =>
  until(`${count} of ${name} are done`, async () => (await doneJobs(name)).length >= count, 120_000);

describe.skipIf(missingChromium)("on the live page", () => {
  beforeAll(async () => {
    const env = { SCHEDULES: "" };
    [system, browser] = await Promise.all([createWatchedSystem(env), startChromium()]);
  });
  afterEach(() => closePages(browser));
  afterAll(async () => {
    await browser.close();
    await system[Symbol.asyncDispose]();
  });

  const open = (options?: Parameters<typeof visit>[2]) => visit(browser, system.apiUrl, options);

  test("each act starts its jobs, which end", async () => {
    const visitor = await open();
    await visitor.signUp();
    await visitor.press("Verify the address");
    await visitor.section("act").getByText("✓ verified").waitFor();
    await visitor.press(/^Upload the picture/);
    await isDone("image-resize");
    await visitor.press("Ask for a report");
    await isDone("report-generate");
    await visitor.press("Send 100 notifications");
    await isDone("push-notify");
    await visitor.press("Schedule a report for every minute");
    await visitor.press("Stop the report of every minute");
    await visitor.press("Upload a video");
    await isDone("video-publish");
    await visitor.press("Delete the account");
    await visitor.press(/^Log in and keep the account/);
    await visitor.section("act").getByRole("button", { name: "Delete the account" }).waitFor();
    const left = await system.sql(`SELECT id FROM "AccountDeletion"`, []);
    expect([left, visitor.problems]).toEqual([[], []]);
  });

  test("the results of all acts are shown", async () => {
    const visitor = await open();
    await visitor.signUp();
    await visitor.section("results").getByText("Confirm your email address").first().waitFor();
    await visitor.press(/^Upload the picture/);
    await visitor.section("results").getByRole("tab", { name: "Picture" }).click();
    await isDrawn(visitor);
    expect(visitor.problems).toEqual([]);
  });

  test("a response that is late does not replace a newer result", async () => {
    const visitor = await open();
    await visitor.signUp();
    const before = (await doneJobs("image-resize")).length;
    const late = Promise.withResolvers<void>();
    const release = async (route: Route) => {
      const response = await route.fetch();
      await isDrawn(visitor);
      await route.fulfill({ response });
      late.resolve();
    };
    await visitor.page.route("**/v1/uploads?limit=20", release, { times: 1 });
    await visitor.section("results").getByRole("tab", { name: "Picture" }).click();
    await visitor.press(/^Upload the picture/);
    await isDone("image-resize", before + 1);
    await late.promise;
    await visitor.page.waitForTimeout(500);
    await isDrawn(visitor);
    expect(visitor.problems).toEqual([]);
  });

  test("the keyboard is enough to sign up and to open the job", async () => {
    const visitor = await open();
    const { page } = visitor;
    await tabTo(visitor, /^Sign up/);
    const answered = page.waitForResponse((response) => response.url().endsWith("/v1/signup"));
    await page.keyboard.press("Enter");
    const id = (await (await answered).headerValue("x-job-ids")) ?? "";
    await visitor.sees(id, "done");
    await tabTo(visitor, new RegExp(`${id.slice(-4)}: done`));
    await page.keyboard.press("Enter");
    await visitor.section("job").getByText(id.slice(-4)).first().waitFor();
    expect(new URL(page.url()).hash).toContain(id);
    await page.keyboard.press("p");
    await visitor
      .section("top")
      .getByRole("button", { name: /Resume/ })
      .waitFor();
    await page.keyboard.press("p");
    expect(visitor.problems).toEqual([]);
  });

  test("a hostile name is only text", async () => {
    const visitor = await open();
    const name = `<img src=x onerror="window.hit=1"><b>${"W".repeat(40)}</b>`;
    await visitor.page.getByText("Choose your own").click();
    for (const [field, value] of Object.entries({
      ...{ name, email: "hostile@visitors.example", password: "correct horse battery" },
    }))
      await visitor.page.locator(`#act input[name=${field}]`).fill(value);
    await visitor.page.locator("#act form button").click();
    await visitor.section("act").getByText("<img src=x").waitFor();
    expect(await visitor.page.evaluate("window.hit")).toBeUndefined();
    expect(visitor.problems).toEqual([]);
  });

  test("nothing travels where motion is not wanted", async () => {
    const moves = async (reducedMotion: "reduce" | "no-preference") => {
      const visitor = await open({ reducedMotion });
      await visitor.page.evaluate(COUNT_MOVES);
      await visitor.sees(await visitor.signUp(), "done");
      const found = await visitor.page.evaluate<number>("window.moves");
      await visitor.page.context().close();
      return found;
    };
    expect(await moves("no-preference")).toBeGreaterThan(0);
    expect(await moves("reduce")).toBe(0);
  });
});

const isDrawn = ({ page }: Visitor) =>
  until("the picture is drawn", () =>
    page.evaluate<boolean>(
      `[...document.querySelectorAll("#results img")].some(({ complete, naturalWidth }) => complete && naturalWidth > 0)`,
    ),
  );

/** Moves the focus forward to the control with this name. */
const tabTo = async ({ page }: Visitor, name: RegExp) => {
  for (let tries = 0; tries < 100; tries++) {
    const focused = await page.evaluate<string>(
      "document.activeElement.ariaLabel || document.activeElement.innerText || ''",
    );
    if (name.test(focused.trim())) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`no control is called ${name}`);
};

/** Looks at every frame for animations that change a place. */
const COUNT_MOVES = `{
  window.moves = 0;
  const look = () => {
    for (const { effect } of document.getAnimations())
      if (effect.getKeyframes().some(({ transform = "none", translate = "none" }) => /translate/.test(transform + translate))) window.moves++;
    requestAnimationFrame(look);
  };
  look();
}`;
