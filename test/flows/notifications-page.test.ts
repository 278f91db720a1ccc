import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { notify } from "../../infra/notifications/notify.ts";
import { until } from "../../scripts/processes/until.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createSession, createViewer } from "../support/api/events.ts";
import { closePages, missingChromium, startChromium } from "../support/browser/chromium.ts";

// The page of notifications, and the number of unread ones on every page.

type Viewer = Awaited<ReturnType<typeof createViewer>>;

let app: TestApp;
let browser: Browser | undefined;

describe("the notifications page", () => {
  beforeAll(async () => {
    app = await createTestApp();
    if (!missingChromium) browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await closePages(browser);
    await until("no stream is open", () => app.streams.size === 0);
  });
  beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

  const prisma = () => app.core.database.prisma;
  const viewer = (name: string) => createViewer(prisma(), name);

  const createContext = async ({ cookie }: Pick<Viewer, "cookie">) => {
    const context = await browser!.newContext({ viewport: { width: 1_200, height: 800 } });
    const [name = "", value = ""] = cookie.split("=");
    await context.addCookies([{ name, value, url: app.url }]);
    return context;
  };
  const openIn = async (context: BrowserContext, path = "notifications") => {
    const page = await context.newPage();
    await page.goto(`${app.url}/${path}`);
    return page;
  };
  const open = async (user: Pick<Viewer, "cookie">, path?: string) => openIn(await createContext(user), path);

  const announce = (userId: string, times = 1) =>
    prisma().$transaction(async (tx) => {
      for (let time = 0; time < times; time++) await notify(tx, { userId, kind: "report-ready" });
    });

  const rows = (page: Page) => page.locator("#notifications li");
  const sequences = (page: Page) =>
    page.evaluate<number[]>(
      `[...document.querySelectorAll("#notifications li")].map(({ dataset }) => Number(dataset.sequence))`,
    );
  const unreadRows = (page: Page) => page.locator("#notifications .unread").count();
  const link = (page: Page) => page.getByRole("link", { name: /^Notifications/ });
  const badge = (page: Page) => link(page).locator(".badge");
  const button = (page: Page, name: string) => page.getByRole("button", { name });

  test("shows arrivals by themselves, and says so", async () => {
    const ada = await viewer("ada");
    const page = await open(ada);
    await page.getByText("There are no notifications yet.").waitFor();
    await page.getByText("New ones appear here by themselves.", { exact: true }).waitFor();
    expect(await badge(page).isVisible()).toBe(false);
    await announce(ada.id);
    await rows(page).waitFor();
    await expect.poll(() => badge(page).innerText()).toBe("1");
    expect(await page.getByText("There are no notifications yet.").isVisible()).toBe(false);
    await expect
      .poll(() => page.getByRole("status").allInnerTexts())
      .toContain("New notification: Your report is ready");
    await announce(ada.id, 5);
    await expect.poll(() => page.getByRole("status").allInnerTexts()).toContain("5 new notifications");
    expect(await sequences(page)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(await link(page).getAttribute("aria-current")).toBe("page");
    await expect.poll(() => page.getByRole("link", { name: "Notifications 6 unread" }).count()).toBe(1);
  });

  test("marks one as read when it is opened, and all with one button, in every open page", async () => {
    const ada = await viewer("ada-reads");
    const project = await prisma().project.create({
      data: { name: "Apollo", members: { create: { userId: ada.id, role: "OWNER" } } },
    });
    const task = await prisma().task.create({ data: { projectId: project.id, title: "Land on the Moon" } });
    const assigned = { userId: ada.id, kind: "task-assigned", recordId: task.id } as const;
    await announce(ada.id, 2);
    await prisma().$transaction((tx) => notify(tx, assigned));
    const page = await open(ada);
    const elsewhere = await open(await createSession(prisma(), ada.id));
    await expect.poll(() => unreadRows(elsewhere)).toBe(3);

    await rows(page).first().getByRole("link").press("Enter");
    await page.waitForURL(`**/projects#${project.id}/${task.id}`);
    await expect.poll(() => badge(page).innerText()).toBe("2");
    await expect.poll(() => unreadRows(elsewhere)).toBe(2);

    await button(elsewhere, "Mark all as read").press("Enter");
    await elsewhere.getByText("Marked all notifications as read").waitFor();
    expect(await unreadRows(elsewhere)).toBe(0);
    expect(await elsewhere.evaluate<string>("document.activeElement.localName")).toBe("h1");
    await expect.poll(() => badge(page).isVisible()).toBe(false);
    expect(await button(elsewhere, "Mark all as read").isVisible()).toBe(false);
  });

  test("stays when what a notification was about is gone, and marks it as read", async () => {
    const ada = await viewer("ada-gone");
    await announce(ada.id);
    const page = await open(ada);
    await rows(page).getByRole("link").click();
    await expect.poll(() => unreadRows(page)).toBe(0);
    expect(await page.getByText("It is no longer available.").isVisible()).toBe(true);
  });

  test("shows older ones, without a gap after it was hidden for long", async () => {
    const ada = await viewer("ada-hidden");
    await announce(ada.id, 30);
    const page = await open(ada);
    await expect.poll(() => sequences(page)).toHaveLength(20);
    await button(page, "Show more").click();
    await expect.poll(() => sequences(page)).toEqual(Array.from({ length: 30 }, (_, index) => 30 - index));

    await setHidden(page, true);
    await until("its stream is closed", () => app.streams.size === 0);
    await announce(ada.id, 25);
    await setHidden(page, false);
    await expect.poll(async () => (await sequences(page))[0]).toBe(55);
    await button(page, "Show more").click();
    const all = Array.from({ length: 40 }, (_, index) => 55 - index);
    await expect.poll(() => sequences(page)).toEqual(all);
  });

  test("keeps one stream for all tabs of a window", async () => {
    const ada = await viewer("ada-tabs");
    const context = await createContext(ada);
    const first = await openIn(context, "projects");
    await until("a stream is open", () => app.streams.size === 1);
    await setHidden(first, true);
    const second = await openIn(context, "reports");
    await until("only the visible tab has one", () => app.streams.size === 1);
    await announce(ada.id);
    await expect.poll(() => badge(second).innerText()).toBe("1");
    await setHidden(second, true);
    await setHidden(first, false);
    await expect.poll(() => badge(first).innerText()).toBe("1");
    expect(app.streams.size).toBe(1);
  });

  test("says that it reconnects, and continues", async () => {
    const ada = await viewer("ada-offline");
    const context = await createContext(ada);
    const page = await openIn(context);
    await page.getByText("New ones appear here by themselves.", { exact: true }).waitFor();
    let refused = 0;
    await page.route("**/v1/events", (route) => {
      refused += 1;
      return route.abort("connectionfailed");
    });
    await setHidden(page, true);
    await setHidden(page, false);
    await page.getByText("Connection lost. Reconnecting…").waitFor();
    await announce(ada.id);
    await until("it tries", () => refused > 0);
    await page.unroute("**/v1/events");
    await page.getByText("New ones appear here by themselves.", { exact: true }).waitFor();
    await expect.poll(() => sequences(page)).toEqual([1]);
  });

  test("opens the stream again after the server refused it", async () => {
    const ada = await viewer("ada-refused");
    const context = await createContext(ada);
    const page = await context.newPage();
    await page.clock.install();
    await page.route("**/v1/events", (route) => route.fulfill({ status: 503, json: {} }), { times: 2 });
    await page.goto(`${app.url}/notifications`);
    await page.getByText("Connection lost. Reconnecting…").waitFor();
    await announce(ada.id);
    await expect
      .poll(async () => {
        await page.clock.runFor(10_000);
        return page.getByText("New ones appear here by themselves.", { exact: true }).isVisible();
      })
      .toBe(true);
    await expect.poll(() => sequences(page)).toEqual([1]);
  });

  test("offers to log in when its session has ended, and shows no number", async () => {
    const ada = await viewer("ada-ended");
    await announce(ada.id);
    const page = await open(ada);
    await expect.poll(() => badge(page).innerText()).toBe("1");
    await prisma().session.deleteMany({ where: { userId: ada.id } });
    await page.getByText("Your session has expired.").waitFor();
    await badge(page).waitFor({ state: "hidden" });
    await page.getByText("Not connected.").waitFor();
  });

  test.each(["", "projects", "reports", "uploads"])("/%s shows how many are unread", async (path) => {
    const ada = await viewer(`ada-on-${path}`);
    await announce(ada.id, 120);
    const page = await open(ada, path);
    await expect.poll(() => badge(page).innerText()).toBe("99+");
    expect(await page.getByRole("link", { name: "Notifications 120 unread" }).count()).toBe(1);
  });

  test("needs nothing that the policy of the pages forbids, and fits a phone", async () => {
    const ada = await viewer("ada-phone");
    await announce(ada.id, 3);
    const page = await open(ada);
    const messages: string[] = [];
    page.on("console", (message) => void messages.push(message.text()));
    await page.setViewportSize({ width: 360, height: 640 });
    await page.reload();
    await expect.poll(() => badge(page).innerText()).toBe("3");
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    expect(messages).toEqual([]);
  });
});

const setHidden = (page: Page, isHidden: boolean) =>
  page.evaluate(`
    Object.defineProperty(document, "hidden", { configurable: true, value: ${isHidden} });
    document.dispatchEvent(new Event("visibilitychange"));`);
