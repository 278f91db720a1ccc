import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineJob, defineWorker, PermanentError } from "../../workers/core/index.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { closePages, missingChromium, startChromium } from "../support/browser/chromium.ts";
import { findBarriers } from "../support/watch/visitor.ts";

const email = defineJob({ name: "storage-purge", payload: z.object({ userId: z.uuid() }) });
const PASSWORD = "correct horse battery";

let app: TestApp;
let admin: SignedIn;
let user: SignedIn;
let browser: Browser | undefined;
const failed: string[] = [];

describe("the admin", () => {
  beforeAll(async () => {
    app = await createTestApp();
    const people = createPeople(app);
    admin = await people.session("admin@example.com");
    user = await people.session("user@example.com");
    await app.core.sql(`UPDATE "User" SET role = 'ADMIN' WHERE email LIKE 'admin%'`, []);
    const { id: userId } = (await user.get("/v1/me")).body as { id: string };
    app.core.work(defineWorker(email, () => Promise.reject(new PermanentError("the bucket is gone"))));
    for (let n = 0; n < 3; n++)
      failed.push(await app.core.jobs.transaction(({ enqueue }) => enqueue(email, { userId })));
    for (const id of failed) await app.core.reaches(id, "FAILED");
    if (!missingChromium) browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app[Symbol.asyncDispose]();
  });
  afterEach(() => closePages(browser));

  test("is there for administrators alone", async () => {
    const html = { Accept: "text/html" };
    for (const path of ["/admin", "/admin/jobs", "/admin/overview.js"]) {
      expect([path, (await user.get(path).set(html)).status]).toEqual([path, 404]);
      expect([path, (await admin.get(path).set(html)).status]).toEqual([path, 200]);
      const visitor = await app.request.get(path).set(html);
      expect([path, visitor.status, visitor.headers["location"]]).toEqual([path, 303, "/login?next=admin"]);
    }
    expect((await app.request.get("/admin/overview.js").set("Accept", "application/json")).status).toBe(404);
  });

  describe("in a browser", () => {
    beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

    const open = async (path: string, width = 1_200) => {
      const context = await browser!.newContext({ viewport: { width, height: 800 } });
      const [name = "", value = ""] = admin.cookie.split("=");
      await context.addCookies([{ name, value, url: app.url }]);
      const page = await context.newPage();
      await page.goto(app.url + path);
      return page;
    };

    test("leads from the failures to a job, and runs it again after the password", async () => {
      const page = await open("/admin");
      await page.getByText("3 jobs", { exact: true }).waitFor();
      await page.locator("#kinds").getByRole("link", { name: "storage-purge" }).click();
      await page.locator("#jobs tbody tr").nth(2).waitFor();
      await page.getByRole("button", { name: "Count" }).click();
      await page.getByText("3 failed jobs match.").waitFor();
      await page.locator(`a[href$="${failed[0]}"]`).click();
      await page.getByRole("heading", { name: "storage-purge" }).waitFor();
      await page.getByRole("button", { name: "Run again" }).click();
      await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
      await page.getByRole("button", { name: "Continue" }).click();
      await page.locator("#timeline").getByText("replayed").waitFor();
      await app.core.reaches(failed[0]!, "FAILED");

      await page.getByRole("link", { name: "Overview" }).click();
      await page.getByRole("button", { name: "Pause email" }).click();
      await page.getByRole("button", { name: "Resume email" }).click();
      await page.getByRole("button", { name: "Pause email" }).waitFor();
      await page.getByRole("link", { name: "Actions" }).click();
      await page.getByText("queue.resume").waitFor();
      expect(await page.locator("#actions tbody tr").count()).toBe(3);
    });

    test("has no barrier that axe finds, and fits a phone", async () => {
      for (const path of ["/admin", "/admin/jobs", `/admin/job?id=${failed[1]}`, "/admin/actions"]) {
        const page = await open(path, 360);
        await page.locator("#log-out").waitFor();
        await page.waitForLoadState("networkidle");
        expect([path, await findBarriers(page)]).toEqual([path, []]);
        expect([path, await page.evaluate<number>("document.documentElement.scrollWidth")]).toEqual([
          path,
          360,
        ]);
        if (process.env["SHOTS"]) {
          for (const colorScheme of ["light", "dark"] as const) {
            for (const width of [360, 1_200]) {
              await page.emulateMedia({ colorScheme });
              await page.setViewportSize({ width, height: 800 });
              await page.screenshot({
                path: `${process.env["SHOTS"]}/${path.split(/[/?]/)[2] ?? "index"}-${width}-${colorScheme}.png`,
                fullPage: true,
              });
            }
          }
        }
      }
    });
  });
});
