import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { notify } from "../../infra/notifications/notify.ts";
import { wire as wireAccountExport } from "../../workers/wiring/account-export.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { accountDeletion, createDeletions } from "../support/api/deletion.ts";
import { createPeople, type Person, type SignedIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";
import { closePages, missingChromium, startChromium } from "../support/browser/chromium.ts";
import { readZip } from "../support/exports/read-zip.ts";

// The account page: each section against the API and the workers, as a user sees it.

let app: TestApp;
let ada: SignedIn & { person: Person };
let browser: Browser | undefined;

describe("the account page", () => {
  beforeAll(async () => {
    app = await createTestApp({ modules: [wireAccountExport, accountDeletion] });
    ada = await signIn("ada@example.com");
    if (!missingChromium) browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app[Symbol.asyncDispose]();
  });
  afterEach(() => closePages(browser));
  beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

  const prisma = () => app.core.database.prisma;
  const idOf = (email: string) => createDeletions(app).idOf(email);

  const signIn = async (email: string): Promise<SignedIn & { person: Person }> => {
    const people = createPeople(app);
    const person = await people.verified(email);
    return { ...(await people.as(person)), person };
  };
  const open = async (user: SignedIn | undefined, path = "account", width = 1_200) => {
    const context = await browser!.newContext({ viewport: { width, height: 800 } });
    const [name = "", value = ""] = user?.cookie.split("=") ?? [];
    if (user) await context.addCookies([{ name, value, url: app.url }]);
    const page = await context.newPage();
    await page.goto(`${app.url}/${path}`);
    return page;
  };
  const section = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const said = (page: Page) => page.locator("#said");
  /** The error that is shown in the label of a field. */
  const errorOf = (page: Page, name: string) => page.locator(`label:has([name="${name}"]) > .error`);
  const focused = (page: Page) => page.evaluate<string>("document.activeElement.textContent.trim()");

  test("saves the name and the time zone, which is found by its city", async () => {
    const page = await open(ada);
    const profile = section(page, "Profile");
    const zone = profile.getByLabel("Time zone");
    await expect.poll(() => zone.inputValue()).toBe("UTC");
    await zone.fill("new york");
    await zone.blur();
    await profile.getByText(/^It is \d\d:\d\d, UTC-[45] there\.$/).waitFor();
    await profile.getByLabel("Name").fill("Grace Hopper");
    await button(page, "Save profile").click();
    await profile.getByText("Saved", { exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "Account of Grace Hopper" }).isVisible()).toBe(true);
    expect((await ada.get("/v1/me")).body).toMatchObject({ name: "Grace Hopper", zone: "America/New_York" });
  });

  test("shows what is wrong next to the fields, and keeps what was typed", async () => {
    const before = (await ada.get("/v1/me")).body as object;
    const page = await open(ada);
    await page.getByLabel("Name").fill(" ");
    await page.getByLabel("Time zone").fill("Atlantis");
    await button(page, "Save profile").press("Enter");
    await expect.poll(() => errorOf(page, "name").innerText()).toBe("Enter a name.");
    expect(await errorOf(page, "zone").innerText()).toMatch(/^Enter a time zone/);
    await page.route("**/v1/me", (route) => route.abort());
    await page.getByLabel("Name").fill("Ada Byron");
    await button(page, "Save profile").click();
    await section(page, "Profile").getByText("The server is unavailable. Try again.").waitFor();
    expect(await page.getByLabel("Name").inputValue()).toBe("Ada Byron");
    expect((await ada.get("/v1/me")).body).toEqual(before);
  });

  test("saves the channels of each kind, which notifications respect", async () => {
    const userId = await idOf(ada.person.email);
    const page = await open(ada, "account#notifications");
    await page.getByRole("checkbox", { name: "In app A report of yours is ready" }).uncheck();
    await page.getByText("All changes are saved.").waitFor();
    await prisma().$transaction(async (tx) => {
      await notify(tx, { userId, kind: "report-ready" });
      await notify(tx, { userId, kind: "report-failed" });
    });
    const { items } = (await ada.get("/v1/notifications")).body as { items: { kind: string }[] };
    expect(items.map(({ kind }) => kind)).toEqual(["report-failed"]);
    expect(
      await page.getByRole("checkbox", { name: "Email Your account will be deleted" }).isDisabled(),
    ).toBe(true);
  });

  test("keeps a choice that could not be saved, and saves it on demand", async () => {
    const page = await open(ada);
    const box = page.getByRole("checkbox", { name: "Push You are assigned a task" });
    await page.route("**/v1/notification-choices/*", (route) => route.abort());
    await box.uncheck();
    await page.getByText("Not saved. The server is unavailable.").waitFor();
    await page.getByText("Some changes are not saved.").waitFor();
    await page.unroute("**/v1/notification-choices/*");
    await button(page, "Save again").click();
    await page.getByText("All changes are saved.").waitFor();
    expect(await box.evaluate((element) => element.matches(":focus"))).toBe(true);
    await page.reload();
    await box.waitFor();
    expect(await box.isChecked()).toBe(false);
  });

  test("turns a whole channel off", async () => {
    const page = await open(ada);
    const box = page.getByRole("checkbox", { name: "Push You are mentioned in a comment" });
    await box.waitFor();
    await page.getByLabel("Send pushes to my devices").uncheck();
    await page.getByText("All changes are saved.").waitFor();
    expect([await box.isDisabled(), await box.isChecked()]).toEqual([true, true]);
    expect((await ada.get("/v1/me")).body).toMatchObject({ notifications: { email: true, push: false } });
  });

  test("ends one session, and all others", async () => {
    const grace = await signIn("sessions@example.com");
    const people = createPeople(app);
    const [second, third] = [await people.as(grace.person), await people.as(grace.person)];
    const page = await open(grace, "account#sessions");
    const rows = section(page, "Sessions").getByRole("listitem");
    await expect.poll(() => rows.count()).toBe(3);
    expect(await rows.last().innerText()).toContain("This browser");
    expect(await rows.last().getByRole("button").count()).toBe(0);
    await rows.first().getByRole("button", { name: "End the session of" }).press("Enter");
    await expect.poll(() => rows.count()).toBe(2);
    expect((await third.get("/v1/me")).status).toBe(401);
    expect((await second.get("/v1/me")).status).toBe(200);
    expect(await focused(page)).toBe("End");
    await button(page, "End all other sessions").click();
    await button(page, "End them").click();
    await expect.poll(() => rows.count()).toBe(1);
    expect((await second.get("/v1/me")).status).toBe(401);
    expect(await button(page, "End all other sessions").isVisible()).toBe(false);
  });

  test("removes a device", async () => {
    await ada.post("/v1/devices").send({ token: "token-of-a-phone", platform: "ANDROID" });
    const page = await open(ada);
    await section(page, "Devices").getByText("Android").waitFor();
    await page.getByRole("button", { name: /^Remove Android/ }).click();
    await button(page, "Remove device").click();
    await page.getByText("No device is registered.").waitFor();
    expect((await ada.get("/v1/devices")).body).toMatchObject({ items: [] });
    expect(await focused(page)).toBe("Devices");
  });

  test("changes the password", async () => {
    const grace = await signIn("password@example.com");
    const page = await open(grace);
    await page.getByLabel("Current password").fill("wrong");
    await page.getByLabel("New password").fill("staple correct horse");
    await button(page, "Change password").click();
    await expect
      .poll(() => errorOf(page, "currentPassword").innerText())
      .toBe("The current password is wrong.");
    expect(await page.getByLabel("New password").inputValue()).toBe("staple correct horse");
    await page.getByLabel("Current password").fill(grace.person.password);
    await button(page, "Change password").click();
    await section(page, "Password").getByText("Changed", { exact: true }).waitFor();
    const login = createPeople(app).logIn({ ...grace.person, password: "staple correct horse" });
    expect((await login).status).toBe(200);
  });

  test("makes an export, and downloads it", async () => {
    const page = await open(ada, "account#exports");
    await expect.poll(() => focused(page)).toBe("Your data");
    await button(page, "Create an export").press("Enter");
    const link = page.getByRole("link", { name: /^Download: Export of/ });
    await link.waitFor();
    await expect.poll(() => said(page).innerText()).toBe("Your export is ready");
    await section(page, "Your data")
      .getByText(/^deleted on/)
      .waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    expect(download.suggestedFilename()).toMatch(/\.zip$/);
    const files = [...readZip(await readFile(await download.path())).values()];
    expect(files.some(({ content }) => content.includes(ada.person.email))).toBe(true);
  });

  test("schedules the deletion after a decision on each shared project, and cancels it by logging in", async () => {
    const grace = await signIn("leaving@example.com");
    await signIn("staying@example.com");
    const { id: projectId } = await createPlanner(grace).project({ name: "Shared" });
    await createPlanner(grace).project({ name: "Alone" });
    const userId = await idOf("staying@example.com");
    await prisma().projectMember.create({ data: { projectId, userId, role: "MEMBER" } });

    const page = await open(grace, "account#deletion");
    const deletion = section(page, "Delete account");
    await deletion.getByText("1 project without other members is deleted.").waitFor();
    const submit = button(page, "Delete my account");
    await submit.click();
    await expect.poll(() => errorOf(page, projectId).innerText()).toMatch(/^Choose a member/);
    expect(await errorOf(page, "password").innerText()).toBe("Enter your password.");
    await deletion.getByLabel("Shared").selectOption(userId);
    await deletion.getByLabel("Your password").fill("wrong");
    const confirm = page.getByRole("alertdialog");
    const answer = (name: string) => confirm.getByRole("button", { name }).click();
    await submit.click();
    await answer("Cancel");
    await expect.poll(() => focused(page)).toBe("Delete my account");
    await submit.click();
    await answer("Delete my account");
    await expect.poll(() => errorOf(page, "password").innerText()).toBe("The current password is wrong.");
    expect(await deletion.getByLabel("Shared").inputValue()).toBe(userId);

    const date = await deletion.locator("time").innerText();
    await deletion.getByLabel("Your password").fill(grace.person.password);
    await submit.click();
    await answer("Delete my account");
    await page.getByRole("heading", { name: "Deletion scheduled" }).waitFor();
    expect(await page.locator("time").innerText()).toContain(date.split(",")[0]);
    expect((await grace.get("/v1/me")).status).toBe(401);
    expect(await prisma().projectSuccessor.findMany()).toMatchObject([{ projectId, userId }]);

    await page.getByRole("link", { name: "Log in" }).click();
    await page.getByLabel("Email").fill(grace.person.email);
    await page.getByLabel("Password").fill(grace.person.password);
    await button(page, "Log in").click();
    await page.getByRole("heading", { name: "Your account is kept: the deletion was cancelled" }).waitFor();
    expect(await prisma().accountDeletion.count()).toBe(0);
  });

  test("is reached by the login, and from the header of every page", async () => {
    const page = await open(undefined, "account#exports");
    await page.getByLabel("Email").fill(ada.person.email);
    await page.getByLabel("Password").fill(ada.person.password);
    await button(page, "Log in").click();
    await expect.poll(() => focused(page)).toBe("Your data");
    for (const path of ["", "projects", "reports", "uploads", "notifications", "account"]) {
      await page.goto(`${app.url}/${path}`);
      await page
        .locator("header")
        .getByRole("link", { name: /^Account/ })
        .click();
      await page.getByRole("heading", { name: "Account", exact: true }).waitFor();
    }
  });

  test("fits 320 pixels", async () => {
    const page = await open(ada, "account", 320);
    await page.getByRole("checkbox", { name: "Push You are mentioned in a comment" }).waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
  });
});
