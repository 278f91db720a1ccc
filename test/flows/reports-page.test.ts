import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { wire as wireReportGenerate } from "../../workers/wiring/report-generate.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";
import { missingChromium, startChromium } from "../support/browser/chromium.ts";

// The reports page: reports from the form to the PDF, and schedules with their next runs.

let app: TestApp;
let ada: SignedIn;
let projectId: string;
let browser: Browser | undefined;

describe("the reports page", () => {
  beforeAll(async () => {
    app = await createTestApp({ modules: [wireReportGenerate] });
    ada = await createPeople(app).session("ada@example.com");
    const { project, task } = createPlanner(ada);
    ({ id: projectId } = await project({ name: "Apollo" }));
    await task(projectId);
    if (!missingChromium) browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app[Symbol.asyncDispose]();
  });

  beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

  const open = async (path = "reports", { user = ada, width = 1_200 } = {}) => {
    const context = await browser!.newContext({ viewport: { width, height: 800 } });
    const [name = "", value = ""] = user.cookie.split("=");
    await context.addCookies([{ name, value, url: app.url }]);
    const page = await context.newPage();
    await page.goto(`${app.url}/${path}`);
    return page;
  };
  const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
  const schedule = (page: Page) => page.getByRole("region", { name: "Scheduled reports" });
  const runs = (page: Page) => page.locator("#preview li").allInnerTexts();
  const report = (more: object) =>
    app.core.database.prisma.report.create({
      data: {
        userId: "",
        projectId,
        period: "WEEK",
        firstDay: new Date("2026-11-16"),
        lastDay: new Date("2026-11-22"),
        zone: "UTC",
        ...more,
      },
    });

  test("asks for a report, opens and deletes it", async () => {
    const page = await open();
    await button(page, "Create report").press("Enter");
    const link = page.getByRole("link", { name: /^Open PDF: Apollo, week/ });
    await link.waitFor();
    await expect.poll(() => page.locator("#said").innerText()).toMatch(/^Apollo, week .*: ready$/);
    const pdf = await ada.get((await link.getAttribute("href"))!);
    expect([pdf.status, pdf.type]).toEqual([200, "application/pdf"]);

    await button(page, /^Delete: Apollo/).click();
    await button(page, "Delete report").click();
    await page.getByText("There are no reports yet.").waitFor();
  });

  test("offers the sprints that have begun", async () => {
    const { sprint } = createPlanner(ada);
    await sprint(projectId, { name: "Past", startsOn: "2026-01-05", endsOn: "2026-01-18" });
    await sprint(projectId, { name: "Future", startsOn: "2990-01-05", endsOn: "2990-01-18" });
    const page = await open(`reports?project=${projectId}`);
    await page.getByLabel("Period").selectOption("Sprint");
    const sprints = page.locator("#ask [name=sprintId]");
    await expect.poll(() => sprints.locator("option").allInnerTexts()).toEqual(["Past"]);
    expect(await page.getByLabel("A day in it").isVisible()).toBe(false);
    await button(page, "Create report").click();
    await page.getByText("Sprint · 5 – 18 Jan 2026").waitFor();
  });

  test("opens the report that a mail links to, with the reason of its failure", async () => {
    const { id: userId } = (await ada.get("/v1/me")).body as { id: string };
    const { id } = await report({ userId, state: "FAILED", problem: "There is no room." });
    for (let day = 1; day <= 12; day++)
      await report({ userId, state: "FAILED", period: "DAY", firstDay: new Date(2026, 0, day) });
    const page = await open(`reports#${id}`);
    await page.getByText("There is no room.").waitFor();
    await expect
      .poll(() => page.evaluate<string>("document.activeElement.innerText"))
      .toContain("Week · 16 – 22 Nov 2026");
  });

  test("stops asking for progress while the tab is hidden, and asks less often while nothing changes", async () => {
    const id = "01a21d21-2ac8-77fd-9a11-2b2488cd4884";
    const days = { period: "DAY", firstDay: "2026-11-16", lastDay: "2026-11-16" };
    const pending = { id, projectName: "Slow", ...days, state: "PENDING", progress: 0.25, scheduleId: null };
    const page = await open();
    await page.clock.install();
    let requests = 0;
    await page.route("**/v1/reports?*", (route) => route.fulfill({ json: { items: [pending], next: null } }));
    await page.route(`**/v1/reports/${id}`, async (route) => {
      requests += 1;
      await route.fulfill({ json: pending });
    });
    const pass = async (seconds: number) => {
      const before = requests;
      for (let second = 0; second < seconds; second++) {
        await page.clock.runFor(1_000);
        await page.waitForLoadState("networkidle");
      }
      return requests - before;
    };
    const turn = (isHidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, "hidden", { configurable: true, value: ${isHidden} });
        document.dispatchEvent(new Event("visibilitychange"));`);
    await page.reload();
    await page.getByText("25 %").waitFor();
    expect(await pass(60)).toBeGreaterThanOrEqual(2);
    expect(await pass(60)).toBeLessThan(10); // 60 if it asked every second
    await turn(true);
    await pass(16); // What was scheduled while it was visible.
    expect(await pass(30)).toBe(0);
    await turn(false);
    await expect.poll(() => pass(1)).toBeGreaterThan(0);
  });

  test("shows the next runs of a schedule in local time and UTC before it is saved", async () => {
    const page = await open();
    await expect.poll(() => runs(page)).toHaveLength(3);
    await schedule(page).getByLabel("Time zone").selectOption("America/New_York");
    await schedule(page).getByLabel("Repeat").selectOption("Every month");
    await schedule(page).getByLabel("Day of the month").selectOption("31");
    await page.getByText("In a shorter month, the report comes on the last day.").waitFor();
    await schedule(page).getByLabel("Hour").selectOption("22");
    // At 22:00 in New York, it is the next day in UTC.
    await expect
      .poll(() => runs(page))
      .toEqual(
        Array(3).fill(
          expect.stringMatching(/ (28|29|30|31) \w+ \d{4}, 22:00\s+\w+ 1 \w+ \d{4}, 0[23]:00 UTC$/),
        ),
      );

    await schedule(page).getByLabel("Delivery").selectOption("Email with the PDF attached");
    await schedule(page).getByLabel("Paused").check();
    await button(page, "Save schedule").click();
    await schedule(page).getByText("Monthly on day 31 at 22:00, America/New_York").waitFor();
    expect((await ada.get(`/v1/report-schedules/${projectId}`)).body).toMatchObject({
      cadence: "MONTHLY",
      dayOfMonth: 31,
      hour: 22,
      delivery: "ATTACHMENT",
      paused: true,
    });
    await button(page, "Remove").click();
    await button(page, "Remove schedule").click();
    await expect
      .poll(() => schedule(page).getByRole("listitem").filter({ hasText: "Monthly" }).count())
      .toBe(0);
    expect((await ada.get(`/v1/report-schedules/${projectId}`)).status).toBe(404);
  });

  test("fits 320 pixels, and offers a project where there is none", async () => {
    const page = await open("reports", { width: 320 });
    await page.waitForLoadState("networkidle");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
    const bob = await createPeople(app).session("bob@example.com");
    const empty = await open("reports", { user: bob });
    await empty.getByRole("link", { name: "Create one" }).click();
    await empty.getByText("You are in no project yet.").waitFor();
  });
});
